# The programs, from the list that all packages are made from.
{
  lib,
  rustPlatform,
  gettext,
  pam,
}:

rustPlatform.buildRustPackage {
  pname = "passkey";
  version = (lib.importTOML ../../Cargo.toml).workspace.package.version;
  src = lib.cleanSource ../..;
  cargoLock.lockFile = ../../Cargo.lock;

  nativeBuildInputs = [ gettext ];
  buildInputs = [ pam ];

  postPatch = ''
    patchShebangs packaging po/build
  '';

  # For cargo to build each of them with its own features, as everywhere.
  buildPhase = ''
    runHook preBuild
    packaging/build
    runHook postBuild
  '';

  # They boot virtual machines.
  doCheck = false;

  installPhase = ''
    runHook preInstall
    packaging/stage nix stage
    mkdir -p $out
    cp -r stage/usr/. $out
    cp -r stage/etc $out/etc
    substituteInPlace \
      $out/lib/systemd/system/passkey-pam-undo.service \
      $out/lib/systemd/user/passkey-lock-on-removal.service \
      --replace-fail /usr/bin/passkey-enroll $out/bin/passkey-enroll
    runHook postInstall
  '';

  meta = {
    description = "Sign in with a passkey on a security key: PAM module and command";
    license = with lib.licenses; [
      mit
      asl20
    ];
    mainProgram = "passkey-enroll";
    platforms = lib.platforms.linux;
  };
}
