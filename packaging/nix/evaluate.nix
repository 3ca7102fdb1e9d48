# Evaluates the module without the rest of NixOS, given only nixpkgs' library: what comes of it for three services.
#   nix-instantiate --eval --strict --json packaging/nix/evaluate.nix --arg lib 'import <nixpkgs/lib>'
{ lib }:

let
  # What the module refers to of NixOS: its own rule for the password, and where settings and programs go.
  surroundings = {
    options = {
      environment.systemPackages = lib.mkOption { type = lib.types.listOf lib.types.unspecified; };
      systemd.packages = lib.mkOption { type = lib.types.listOf lib.types.unspecified; };
      environment.etc = lib.mkOption { type = lib.types.attrsOf lib.types.unspecified; };
      security.pam.services = lib.mkOption {
        type = lib.types.attrsOf (
          lib.types.submodule {
            options.rules.auth = lib.mkOption {
              type = lib.types.attrsOf lib.types.unspecified;
            };
            config.rules.auth.unix = {
              control = "sufficient";
              order = 11700;
            };
          }
        );
      };
    };
  };
  system = lib.evalModules {
    modules = [
      ./module.nix
      surroundings
      {
        security.pam.passkey = {
          enable = true;
          package = {
            type = "derivation";
            outPath = "/nix/store/passkey";
          };
          settings.defaults.timeout = 60;
          services.sudo.mode = "second-factor";
          services.login = {
            mode = "passwordless";
            unenrolled = "deny";
            settings.timeout = "20";
          };
        };
      }
    ];
    specialArgs.pkgs.formats.toml = _: {
      type = lib.types.attrs;
      generate = name: value: { inherit name value; };
    };
  };
in
{
  inherit (system.config.environment) etc systemPackages;
  units = system.config.systemd.packages;
  services = lib.mapAttrs (_: service: service.rules.auth) system.config.security.pam.services;
}
