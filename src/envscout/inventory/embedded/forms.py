"""The forms that are looked for: one row each. What is not in this table is not found.

Only forms that their makers made to be recognised, or that a file's name gives a meaning to. Facts are from the pages
that each row names.
"""

from envscout.inventory.embedded import checks
from envscout.inventory.embedded.form import ANYWHERE, SETTINGS, Form
from envscout.inventory.embedded.keys import KEYS

_END = rb"(?![A-Za-z0-9])"
_WORD_END = rb"(?![A-Za-z0-9_-])"
_START = rb"(?<![A-Za-z0-9])"
_GITHUB = "https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/"
_GITLAB = "https://docs.gitlab.com/security/tokens/#token-prefixes"
_SLACK = "https://docs.slack.dev/authentication/tokens"
_OPENAI = "https://platform.openai.com/docs/api-reference/authentication"

TOKENS: tuple[Form, ...] = (
    Form("aws-access-key", "AWS access key with its secret", _START + rb"(?:AKIA|ASIA)[A-Z0-9]{16}" + _END,
         (b"AKIA", b"ASIA"), where=ANYWHERE, public=4, check=checks.beside_aws_secret,
         source="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html"),
    Form("github-token", "GitHub token", _START + rb"gh[pousr]_(?P<body>[A-Za-z0-9]{36})" + _END,
         (b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_"), where=ANYWHERE, public=4, check=checks.summed, source=_GITHUB),
    Form("github-fine-grained-token", "GitHub fine-grained token",
         _START + rb"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}" + _END, (b"github_pat_",), where=ANYWHERE, public=4,
         source="https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github"),
    Form("gitlab-token", "GitLab token",
         _START + rb"gl(?:pat|dt|rt|ptt)-[A-Za-z0-9_-]{20,300}(?:\.[a-z0-9]{2}\.[a-z0-9]{9})?",
         (b"glpat-", b"gldt-", b"glrt-", b"glptt-"), where=ANYWHERE, public=4, source=_GITLAB),
    Form("slack-token", "Slack token", _START + rb"xox[abeoprs]-(?:[0-9]{1,20}-)?[0-9]{8,20}-[A-Za-z0-9-]{10,200}",
         (b"xox",), where=ANYWHERE, public=4, source=_SLACK),
    Form("slack-app-token", "Slack app token", _START + rb"xapp-[0-9]-A[A-Z0-9]{8,16}-[0-9]{8,20}-[0-9a-f]{32,128}",
         (b"xapp-",), where=ANYWHERE, public=4, source=_SLACK),
    Form("slack-webhook", "Slack webhook",
         rb"hooks\.slack\.com/(?:services|workflows)/(?P<s>T[A-Z0-9]{8,12}/[A-Z0-9]{8,12}/[A-Za-z0-9]{20,32}(?:/[A-Za-z0-9]{8,64})?)",
         (b"hooks.slack.com/",), where=ANYWHERE,
         source="https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks"),
    Form("google-api-key", "Google API key", _START + rb"AIza[A-Za-z0-9_-]{35}" + _WORD_END, (b"AIza",),
         where=ANYWHERE, public=4, source="https://cloud.google.com/docs/authentication/api-keys"),
    Form("stripe-live-key", "Stripe live key", _START + rb"[rs]k_live_[A-Za-z0-9]{24,247}" + _END,
         (b"sk_live_", b"rk_live_"), b"k_live_", where=ANYWHERE, public=4, source="https://docs.stripe.com/keys"),
    Form("npm-token", "npm token", _START + rb"npm_(?P<body>[A-Za-z0-9]{36})" + _END, (b"npm_",), where=ANYWHERE,
         public=4, check=checks.summed,
         source="https://github.blog/changelog/2021-09-23-npm-has-a-new-access-token-format/"),
    Form("pypi-token", "PyPI token", _START + rb"pypi-(?P<body>[A-Za-z0-9_-]{60,1000})", (b"pypi-AgE",),
         where=ANYWHERE, public=4, check=checks.pypi, source="https://docs.github.com/code-security/secret-scanning/introduction/supported-secret-scanning-patterns"),
    Form("docker-hub-token", "Docker Hub token", _START + rb"dckr_[po]at_[A-Za-z0-9_-]{27,40}" + _WORD_END,
         (b"dckr_pat_", b"dckr_oat_"), b"dckr_", where=ANYWHERE, public=4,
         source="https://docs.docker.com/security/access-tokens/"),
    Form("azure-storage-key", "Azure storage account key", rb"AccountKey=(?P<s>[A-Za-z0-9+/]{86}==)", (b"AccountKey=",),
         where=ANYWHERE, source="https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string"),
    Form("sendgrid-key", "SendGrid API key", _START + rb"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}" + _WORD_END,
         (b"SG.",), where=ANYWHERE, public=3,
         source="https://www.twilio.com/docs/sendgrid/ui/account-and-settings/api-keys"),
    Form("twilio-token", "Twilio account with its token", _START + rb"AC[0-9a-f]{32}" + _END, (b"AC",), public=2,
         check=checks.beside_twilio_token, source="https://www.twilio.com/docs/iam/api/account"),
    Form("hugging-face-token", "Hugging Face token", _START + rb"hf_[A-Za-z0-9]{34}" + _WORD_END, (b"hf_",),
         where=ANYWHERE, public=3, source="https://huggingface.co/docs/hub/security-tokens"),
    Form("anthropic-key", "Anthropic key", _START + rb"sk-ant-[a-z0-9]{3,12}-[A-Za-z0-9_-]{80,120}", (b"sk-ant-",),
         where=ANYWHERE, public=4, source="https://docs.anthropic.com/en/api/overview"),
    Form("openai-key", "OpenAI key", _START + rb"sk-[A-Za-z0-9_-]{20,100}T3BlbkFJ[A-Za-z0-9_-]{20,100}", (b"sk-",),
         b"T3BlbkFJ", where=ANYWHERE, public=3, source=_OPENAI),
    Form("telegram-token", "Telegram bot token", rb"(?<=[0-9]{8}):(?P<s>AA[A-Za-z0-9_-]{33})" + _WORD_END, (b":AA",),
         source="https://core.telegram.org/bots/api#authorizing-your-bot"),
)  # fmt: skip
"""Tokens that begin with what their makers chose, so that they are recognised."""

TEXTS: tuple[Form, ...] = (
    Form("password-in-url", "password in a URL",
         rb"://[^\s/@:\"'<>\\]{1,128}:(?P<s>[^\s/@:\"'<>\\]{3,256})@[A-Za-z0-9\[][A-Za-z0-9.:\[\]-]{1,255}",
         (b"://",), b"@", chosen=True, check=checks.given, source="https://www.rfc-editor.org/rfc/rfc3986#section-3.2.1"),
    Form("npmrc-token", "token in .npmrc", rb"_auth(?:Token)?[ \t]{0,9}=[ \t]{0,9}(?P<s>[^\s;#]{8,4096})", (b"_auth",),
         names=(".npmrc", "npmrc"), weak=True, check=checks.given,
         source="https://github.com/npm/cli/blob/latest/docs/lib/content/configuring-npm/npmrc.md"),
    Form("docker-login", "login of a registry", rb"\"auth\"\s{0,20}:\s{0,20}\"(?P<s>[A-Za-z0-9+/]{4,8192}={0,2})\"",
         (b'"auth"',), names=("config.json", ".dockerconfigjson", ".dockercfg", "auth.json"), chosen=True,
         check=checks.docker_auth, source="https://docs.docker.com/reference/cli/docker/login/#default-behavior"),
    Form("netrc-password", "password in .netrc", rb"password[ \t\r\n]{1,9}(?P<s>[^\s]{1,1024})",
         (b"password",), names=(".netrc", "_netrc", "netrc"), chosen=True,
         source="https://www.gnu.org/software/inetutils/manual/html_node/The-_002enetrc-file.html"),
    Form("pgpass-password", "password in .pgpass",
         rb"^[^#:\n][^:\n]{0,254}:[^:\n]{1,10}:[^:\n]{1,255}:[^:\n]{1,255}:(?P<s>[^\n\r:]{1,1024})$",
         names=(".pgpass", "pgpass.conf"), chosen=True, source="https://www.postgresql.org/docs/current/libpq-pgpass.html"),
    Form("kubeconfig-key", "private key in a kubeconfig",
         rb"client-key-data\"?:[ \t]{0,9}\"?(?P<s>[A-Za-z0-9+/]{64,20000}+={0,2})", (b"client-key-data",),
         check=checks.key_inside, source="https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/"),
    Form("shadow-hash", "hash of a password in shadow",
         rb"^[^:\n]{1,64}:(?P<s>\$[0-9a-z]{1,10}\$[^:\n]{8,256}|[./0-9A-Za-z]{13}):",
         names=("etc/shadow", "etc/shadow-"), chosen=True, source="https://man7.org/linux/man-pages/man5/shadow.5.html"),
)  # fmt: skip
"""Secrets of texts, and of files of certain names."""

_NAMES = rb"PASSWORD|PASSWD|PASSPHRASE|SECRET|SECRET_KEY|TOKEN|API_KEY|APIKEY|ACCESS_KEY|PRIVATE_KEY"

SET: tuple[Form, ...] = (
    Form("json-web-token", "JSON web token",
         rb"(?<![\w-])(?P<head>eyJ[\w-]{10,1000})\.eyJ[\w-]{10,8000}\.[\w-]{20,2000}", (b"eyJ",),
         where=SETTINGS, public=3, check=checks.jwt, source="https://www.rfc-editor.org/rfc/rfc7519"),
    Form("named-secret", "value of a variable that is named like a secret",
         rb"(?<!\w)\w{0,64}(?i:" + _NAMES + rb")=(?P<s>\"[^\"\n]{6,512}\"|'[^'\n]{6,512}'|[^\s\"']{6,512})",
         where=SETTINGS, chosen=True, weak=True, check=checks.given,
         source="https://docs.docker.com/reference/build-checks/secrets-used-in-arg-or-env/"),
)  # fmt: skip
"""What means something in settings alone: in programs and texts it is mostly an example."""

FORMS = (*KEYS, *TOKENS, *TEXTS, *SET)
