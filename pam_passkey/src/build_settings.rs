//! No module is built without the settings of `.cargo/config.toml`: `RUSTFLAGS` in the environment would take their place, and the
//! module would get other code for AES, SHA-2 and Curve25519, larger by 70 KB, than the one that is tested.

// rustdoc, which has flags of its own, makes no module.
#[cfg(not(any(
    doc,
    all(
        aes_backend = "soft",
        aes_backend_soft = "compact",
        curve25519_dalek_backend = "serial",
        sha2_backend = "soft",
        sha2_backend_soft = "compact"
    )
)))]
compile_error!(
    "the flags of .cargo/config.toml are missing: cargo takes RUSTFLAGS or CARGO_ENCODED_RUSTFLAGS in their place. Build with \
     `packaging/cargo build …` or packaging/build, which add the one to the other, or unset the variable"
);
