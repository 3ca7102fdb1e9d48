{
  description = "Sign in with a passkey on a security key: PAM module and command";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      each = nixpkgs.lib.genAttrs systems;
    in
    {
      packages = each (system: {
        default = nixpkgs.legacyPackages.${system}.callPackage ./packaging/nix/package.nix { };
        tpm = nixpkgs.legacyPackages.${system}.callPackage ./packaging/nix/package-tpm.nix { };
      });

      nixosModules.default =
        { lib, pkgs, ... }:
        {
          imports = [ ./packaging/nix/module.nix ];
          security.pam.passkey = {
            package = lib.mkDefault self.packages.${pkgs.stdenv.hostPlatform.system}.default;
            tpm.package = lib.mkDefault self.packages.${pkgs.stdenv.hostPlatform.system}.tpm;
          };
        };
    };
}
