# The service on the TPM, from the list that all packages of it are made from.
{
  lib,
  rustPlatform,
  dbus,
  pam,
  pkg-config,
  tpm2-tss,
}:

rustPlatform.buildRustPackage {
  pname = "passkey-tpm";
  version = (lib.importTOML ../../Cargo.toml).workspace.package.version;
  src = lib.cleanSource ../..;
  cargoLock.lockFile = ../../Cargo.lock;
  nativeBuildInputs = [ pkg-config ];
  buildInputs = [
    dbus
    pam
    tpm2-tss
  ];

  postPatch = ''
    patchShebangs packaging
  '';

  # The notices of what is linked in are made beside the manual pages, which link libpam.
  buildPhase = ''
    runHook preBuild
    packaging/cargo build --locked --release -p passkey-tpm
    packaging/cargo run --locked --release -p documents -- target/documents
    runHook postBuild
  '';

  # They need a TPM in software.
  doCheck = false;

  installPhase = ''
    runHook preInstall
    packaging/stage --package passkey-tpm nix stage
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
