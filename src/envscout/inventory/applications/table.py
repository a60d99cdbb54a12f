"""Applications that bring a description of their own: bundles, plugins, kernel modules, VEX."""

from envscout.inventory.cataloguer import Cataloguer

APPLICATIONS = (
    Cataloguer(
        "wordpress",
        "1",
        (
            "**/wp-content/plugins/*.php",
            "**/wp-content/plugins/*/*.php",
            "**/wp-content/themes/*/style.css",
            "**/wp-includes/version.php",
        ),
        "applications.wordpress",
        ("wordpress-plugin", "wordpress-theme", "generic"),
        unmatched="OSV has no ecosystem for WordPress, its plugins and its themes",
    ),
    Cataloguer(
        "bitnami",
        "1",
        ("**/.spdx-*.spdx", "**/.bitnami_components.json"),
        "applications.bitnami",
        ("bitnami",),
    ),
    Cataloguer(
        "linux-kernel",
        "1",
        ("boot/vmlinuz*", "**/lib/modules/*/vmlinuz", "**/lib/modules/*/modules.builtin", "**/*.ko"),
        "applications.kernel",
        ("generic", "linux-kernel-module"),
        unmatched="a kernel's version does not tell which fixes its distributor put in",
        large=True,
    ),
    Cataloguer(
        "vex",
        "1",
        ("**/*.vex.json", "**/*.openvex.json", "**/*.vex.cdx.json", "**/*.csaf.json"),
        "applications.vex",
        unmatched="it names no packages, but what does not count of their vulnerabilities",
        large=True,
    ),
)
