//! Links the unwinder into the module.
//!
//! A panic has to unwind to the guard at the entry point, and Rust's standard library takes the unwinder from
//! `libgcc_s.so.1` by default. A PAM module should bring nothing into its host but libc and libpam, so the static
//! half of the same library is linked first; the linker then finds nothing left to take from the shared one and drops
//! it (`--as-needed` is rustc's default). `tests/artefact.rs` checks the result.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is = |variable: &str, value: &str| std::env::var(variable).is_ok_and(|is| is == value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        // `+whole-archive`: the archive stands on the command line before anything that refers to it.
        // `-bundle`: it is the compiler's own library, found by the linker, and no part of our rlib.
        println!("cargo:rustc-link-lib=static:+whole-archive,-bundle=gcc_eh");
    }
}
