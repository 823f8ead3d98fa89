# shellcheck shell=bash
# Sourced by ./run and ./test: brings up .venv and what Qt needs. Quick when nothing is missing.
# Usage: setup_environment EXTRAS

QT_PACKAGES="libgl1 libegl1 libfontconfig1 libglib2.0-0 libdbus-1-3 libxkbcommon0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 libxcb-xkb1 libxkbcommon-x11-0 fonts-dejavu-core"

say() { printf '%s\n' "$*" >&2; }

is_root() { [ "$(id -u)" -eq 0 ]; }

install_packages() {
    if is_root && command -v apt-get >/dev/null; then
        say "Installing system packages: $*"
        apt-get update -qq >&2 || say "apt-get update failed; trying with the package lists there are."
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
    else
        say "These system packages are missing. Install them, then run this again:"
        say "    sudo apt-get install $*"
        return 1
    fi
}

find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3.11 python3.12 python3.13 python3.14 python3; do
        if command -v "$candidate" >/dev/null &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

need_python() {
    say "Graph Surgeon needs Python 3.11 or newer, and finds none. Install one:"
    say "    sudo apt-get install python3 python3-venv          (Debian 12, Ubuntu 24.04 and newer)"
    say "    sudo apt-get install python3.11 python3.11-venv    (Ubuntu 22.04)"
    say "or set PYTHON to the one to use, then run this again."
}

install_python() {
    if ! is_root || ! command -v apt-get >/dev/null; then
        need_python
        return 1
    fi
    install_packages python3 python3-venv || true
    find_python >/dev/null || install_packages python3.11 python3.11-venv || { need_python && return 1; }
}

make_venv() {
    local python=$1
    "$python" -m venv .venv >/dev/null 2>&1 && return 0
    rm -rf .venv
    local version
    version=$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
    install_packages "$version-venv" || install_packages python3-venv || return 1
    "$python" -m venv .venv
}

qt_works() {
    QT_QPA_PLATFORM=offscreen .venv/bin/python -c 'import PySide6.QtWidgets' 2>/dev/null &&
        { [ "$(uname)" != Linux ] || ldconfig -p 2>/dev/null | grep -q libxcb-cursor.so.0; }
}

setup_environment() {
    local extras=$1 python stamp
    if [ ! -x .venv/bin/python ]; then
        if ! python=$(find_python); then
            install_python || return 1
            python=$(find_python) || { need_python && return 1; }
        fi
        say "Making .venv with $python"
        make_venv "$python" || return 1
    fi
    stamp="$(cksum <pyproject.toml) $(.venv/bin/python -V)"
    for wanted in ${extras//,/ }; do
        if [ "$(cat ".venv/.installed-$wanted" 2>/dev/null)" != "$stamp" ]; then
            say "Installing Graph Surgeon and what it needs (TensorFlow and TensorRT among it: about 2.8 GB)"
            .venv/bin/python -m pip install --quiet --disable-pip-version-check -e ".[$extras]" || return 1
            for done in ${extras//,/ }; do printf '%s' "$stamp" >".venv/.installed-$done"; done
            break
        fi
    done
    if ! qt_works; then
        # shellcheck disable=SC2086
        install_packages $QT_PACKAGES || return 1
    fi
}
