# The service on the TPM, from the list that all packages of it are made from.
{
  lib,
  rustPlatform,
  dbus,
  pkg-config,
  tpm2-tss,
}:

rustPlatform.buildRustPackage {
  pname = "passkey-tpm";
  version = (lib.importTOML ../../Cargo.toml).workspace.package.version;
  src = lib.cleanSource ../..;
  cargoLock.lockFile = ../../Cargo.lock;
  cargoBuildFlags = [
    "--package"
    "passkey-tpm"
  ];

  nativeBuildInputs = [ pkg-config ];
  buildInputs = [
    dbus
    tpm2-tss
  ];

  postPatch = ''
    patchShebangs packaging
  '';

  # They need a TPM in software.
  doCheck = false;

  # The hook of the build has cargo build for the platform, in a folder of that name.
  installPhase = ''
    runHook preInstall
    release=$(dirname "$(find target -path '*/release/passkey-tpm' -type f | head -n 1)")
    CARGO_TARGET_DIR=$(dirname "$release") packaging/stage --package passkey-tpm nix stage
    mkdir -p $out
    cp -r stage/usr/. $out
    substituteInPlace $out/lib/systemd/system/passkey-tpm.service \
      --replace-fail /usr/lib/passkey/passkey-tpm $out/lib/passkey/passkey-tpm
    runHook postInstall
  '';

  meta = {
    description = "Sign in with a passkey in this computer's TPM";
    license = with lib.licenses; [
      mit
      asl20
    ];
    platforms = lib.platforms.linux;
  };
}
