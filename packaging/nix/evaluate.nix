# Evaluates the module without the rest of NixOS, given only nixpkgs' library: what comes of it for three services, of which one unlocks a keyring
# and a wallet, and for the service on the TPM.
#   nix-instantiate --eval --strict --json packaging/nix/evaluate.nix --arg lib 'import <nixpkgs/lib>'
{ lib }:

let
  # What the module refers to of NixOS: its own rule for the password, and where settings and programs go.
  surroundings = {
    options = {
      environment.systemPackages = lib.mkOption { type = lib.types.listOf lib.types.unspecified; };
      systemd.packages = lib.mkOption { type = lib.types.listOf lib.types.unspecified; };
      systemd.sockets = lib.mkOption { type = lib.types.attrsOf lib.types.unspecified; };
      security.tpm2.enable = lib.mkOption { type = lib.types.bool; };
      users = lib.mkOption { type = lib.types.attrsOf lib.types.unspecified; };
      environment.etc = lib.mkOption { type = lib.types.attrsOf lib.types.unspecified; };
      security.pam.services = lib.mkOption {
        type = lib.types.attrsOf (
          lib.types.submodule (
            { name, ... }:
            {
              options.rules.auth = lib.mkOption {
                type = lib.types.attrsOf (lib.types.submodule ruleOptions);
              };
              config.rules.auth = {
                unix = {
                  control = "sufficient";
                  order = 11700;
                  modulePath = "pam_unix.so";
                };
              }
              // lib.optionalAttrs (name == "gdm-password") {
                unix-early = {
                  control = "optional";
                  order = 11200;
                  modulePath = "pam_unix.so";
                };
                gnome_keyring = {
                  control = "optional";
                  order = 11400;
                  modulePath = "/nix/store/gnome-keyring/lib/security/pam_gnome_keyring.so";
                };
                kwallet = {
                  control = "optional";
                  order = 11300;
                  modulePath = "/nix/store/kwallet/lib/security/pam_kwallet5.so";
                };
                mount = {
                  enable = false;
                  control = "optional";
                  order = 11250;
                  modulePath = "/nix/store/pam_mount/lib/security/pam_mount.so";
                };
              };
            }
          )
        );
      };
    };
  };
  # As NixOS's own.
  ruleOptions.options = {
    enable = lib.mkOption {
      type = lib.types.bool;
      default = true;
    };
    control = lib.mkOption { type = lib.types.str; };
    order = lib.mkOption { type = lib.types.int; };
    modulePath = lib.mkOption { type = lib.types.str; };
    settings = lib.mkOption {
      type = lib.types.attrsOf lib.types.unspecified;
      default = { };
    };
  };
  # The lines of a service, as NixOS writes them.
  lines =
    service:
    let
      rules = lib.filter (rule: rule.enable) (lib.attrValues service.rules.auth);
      inOrder = lib.sort (one: other: one.order < other.order) rules;
      words = rule: lib.mapAttrsToList (key: value: "${key}=${value}") rule.settings;
    in
    map (
      rule:
      lib.concatStringsSep " " (
        [
          "auth"
          rule.control
          rule.modulePath
        ]
        ++ words rule
      )
    ) inOrder;
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
          tpm.enable = true;
          tpm.package = {
            type = "derivation";
            outPath = "/nix/store/passkey-tpm";
          };
          settings.defaults.timeout = 60;
          services.sudo.mode = "second-factor";
          services.login = {
            mode = "passwordless";
            unenrolled = "deny";
            settings.timeout = "20";
          };
          services.gdm-password.mode = "passwordless";
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
  inherit (system.config.systemd) sockets;
  inherit (system.config) users;
  services = lib.mapAttrs (_: lines) system.config.security.pam.services;
}
