# Passkeys on NixOS: the command, the settings, and a line of pam_passkey in each service that asks for one.
#
#   security.pam.passkey = {
#     enable = true;
#     services.sudo.mode = "second-factor";
#     tpm.enable = true;
#   };
{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.security.pam.passkey;
  toml = pkgs.formats.toml { };

  # Before the password in both cases. Behind it a second factor would never be reached, since NixOS's rule for the password ends the
  # stack when it succeeds; in front of it, `required`, it is needed whichever of the rules behind it ends the stack.
  #
  # Where something is unlocked with the password, NixOS asks for the password first (unix-early), then has it unlocked, and then ends the stack
  # (unix). A passkey in place of the password stands before all that: it goes on to rules of its own that unlock the same, and ends the stack
  # behind them. Without it they are jumped over.
  rule =
    name: service:
    let
      auth = config.security.pam.services.${name}.rules.auth;
      isOn = rule: auth ? ${rule} && auth.${rule}.enable;
      unlocking = lib.filter isOn unlock;
      isPasswordless = service.mode == "passwordless";
      branches = isPasswordless && unlocking != [ ];
      first = if auth ? unix-early then auth.unix-early.order else auth.unix.order;
      place = if isPasswordless then first - 50 else auth.unix.order - 10;
      again = index: rule: {
        name = "passkey-${rule}";
        value = {
          enable = branches && isOn rule;
          control = "optional";
          order = place + 1 + index;
          modulePath = if isOn rule then auth.${rule}.modulePath else "pam_permit.so";
          settings = if isOn rule then auth.${rule}.settings else { };
        };
      };
    in
    {
      rules.auth = {
        passkey = {
          control =
            if branches then
              "[success=ok default=${toString (lib.length unlocking + 1)}]"
            else if isPasswordless then
              "sufficient"
            else
              "required";
          order = place;
          modulePath = "${cfg.package}/lib/security/pam_passkey.so";
          settings = {
            inherit (service) mode unenrolled;
          }
          // service.settings;
        };
        # Reached by a passkey that was verified, and by nothing else.
        passkey-done = {
          enable = branches;
          control = "sufficient";
          order = place + 1 + lib.length unlock;
          modulePath = "pam_permit.so";
        };
      }
      // lib.listToAttrs (lib.imap0 again unlock);
    };

  # NixOS's rules that take the password.
  unlock = [
    "ecryptfs"
    "fscrypt"
    "zfs_key"
    "mount"
    "kwallet"
    "gnome_keyring"
    "gnupg"
  ];
in
{
  options.security.pam.passkey = {
    enable = lib.mkEnableOption "signing in with passkeys on security keys";

    package = lib.mkOption {
      type = lib.types.package;
      description = "The package with the module and the command.";
    };

    tpm = {
      enable = lib.mkEnableOption "passkeys in this computer's TPM";
      package = lib.mkOption {
        type = lib.types.package;
        description = "The package with the service on the TPM.";
      };
    };

    settings = lib.mkOption {
      inherit (toml) type;
      default = { };
      example = {
        defaults.timeout = 60;
      };
      description = "What stands in /etc/passkey/passkey.toml; see passkey.toml(5).";
    };

    services = lib.mkOption {
      default = { };
      description = "The PAM services that ask for a passkey.";
      type = lib.types.attrsOf (
        lib.types.submodule {
          options = {
            mode = lib.mkOption {
              type = lib.types.enum [
                "passwordless"
                "second-factor"
              ];
              description = "In place of the password, or besides it.";
            };
            unenrolled = lib.mkOption {
              type = lib.types.enum [
                "ignore"
                "deny"
              ];
              default = "ignore";
              description = "Whether people without a passkey sign in by their password alone.";
            };
            settings = lib.mkOption {
              type = lib.types.attrsOf lib.types.str;
              default = { };
              description = "Further arguments of the module; see pam_passkey(8).";
            };
          };
        }
      );
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = [ cfg.package ] ++ lib.optional cfg.tpm.enable cfg.tpm.package;
    # The drop-in that lets polkit's helper see security keys, and the service on the TPM.
    systemd.packages = [ cfg.package ] ++ lib.optional cfg.tpm.enable cfg.tpm.package;
    # What [Install] says of a unit in a package, NixOS does not do.
    systemd.sockets = lib.mkIf cfg.tpm.enable { passkey-tpm.wantedBy = [ "sockets.target" ]; };
    # Its group tss has the TPM's device.
    security.tpm2.enable = lib.mkIf cfg.tpm.enable true;
    users = lib.mkIf cfg.tpm.enable {
      users.passkey-tpm = {
        isSystemUser = true;
        group = "passkey-tpm";
        description = "Passkeys in the TPM";
      };
      groups.passkey-tpm = { };
    };
    environment.etc."passkey/passkey.toml" = lib.mkIf (cfg.settings != { }) {
      source = toml.generate "passkey.toml" cfg.settings;
    };
    security.pam.services = lib.mapAttrs rule cfg.services;
  };
}
