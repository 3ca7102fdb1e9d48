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

  # Translations are looked for where they are installed.
  postPatch = ''
    patchShebangs packaging po/build
    substituteInPlace pam_passkey/src/ffi/gettext.rs \
      --replace-fail 'c"/usr/share/locale"' 'c"${placeholder "out"}/share/locale"'
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
