# shellcheck shell=bash
# Of the demonstration's guest: what a hand does with a key, as commands.
key() { virtual-key ctl "$@" >/dev/null; }
plug() { key plug "${1:-blue}"; }
unplug() { key unplug "${1:-blue}"; }
# Now if the key asks for it, else as soon as it does.
touch() {
    if virtual-key ctl touch "${1:-blue}" | grep -q '"taken":true'; then return; fi
    key touch-after "${1:-blue}" "${2:-1000}"
}
keys() {
    virtual-key ctl list | python3 -c '
import json, sys
for key in json.load(sys.stdin)["keys"]:
    state = key["hidraw"] or "unplugged"
    print(key["name"].ljust(8), state.replace("/sys/class/hidraw", "/dev"), "blinking" if key["blinking"] else "")'
}
