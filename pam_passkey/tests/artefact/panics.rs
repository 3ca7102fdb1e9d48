use std::process::Command;

use super::panicking_module;

/// A host that brings nothing along but libc: what the module needs to unwind, it must have itself.
const HOST: &str = r#"
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
    void *module = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    if (!module) { printf("dlopen: %s\n", dlerror()); return 10; }
    int (*panic_under_guard)(size_t) = (int (*)(size_t))dlsym(module, "panic_under_guard");
    if (!panic_under_guard) return 11;
    int result = panic_under_guard(5);
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "r");
    if (!maps) return 12;
    while (fgets(line, sizeof line, maps)) if (strstr(line, "libgcc_s")) return 13;
    fclose(maps);
    dlclose(module);
    return result;
}
"#;

#[test]
fn a_panic_is_caught_without_libgcc_and_without_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let (source, host) = (folder.path().join("host.c"), folder.path().join("host"));
    std::fs::write(&source, HOST).unwrap();
    let compiled = Command::new("cc").arg("-o").arg(&host).arg(&source).arg("-ldl").status().unwrap();
    assert!(compiled.success());

    let output = Command::new(&host).arg(panicking_module()).env("RUST_BACKTRACE", "full").output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{out}{err}");
    assert_eq!((out.as_ref(), err.as_ref()), ("", ""), "not a word on the host's terminal");
}
