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
  # stack when it succeeds. In front of it, `required`, it is needed whichever of the rules behind it ends the stack: so it stands before
  # all that can (a fingerprint, an agent's key, systemd-homed, …), except that root stays root for su.
  #
  # Where something is unlocked with the password, NixOS asks for the password first (unix-early), then has it unlocked, and then ends the stack
  # (unix). A passkey in place of the password stands before all that: it goes on to rules of its own that unlock the same, and ends the stack
  # behind them. Without it they are jumped over.
  rule =
    name: service:
    let
      auth = removeAttrs config.security.pam.services.${name}.rules.auth ours;
      isOn = rule: auth ? ${rule} && auth.${rule}.enable;
      orders = names: map (rule: auth.${rule}.order) (lib.filter isOn names);
      lowest = lib.foldl' lib.min auth.unix.order;
      # Neither ends a stack by a success: `optional`, `required`, `requisite`, and `substack`, whose end is its own.
      goesOn = [
        "optional"
        "required"
        "requisite"
        "substack"
      ];
      endsStack = rule: rule != "rootok" && !lib.elem auth.${rule}.control goesOn;
      unlocking = lib.filter isOn unlock;
      isPasswordless = service.mode == "passwordless";
      branches = isPasswordless && unlocking != [ ];
      place =
        if isPasswordless then
          lowest (orders passwords) - 50
        else
          lowest (orders (lib.filter endsStack (lib.attrNames auth))) - 50;
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
          # NixOS writes `true` as the bare name and leaves `false` out, which would not outweigh a `true` in passkey.toml.
          settings = {
            inherit (service) mode unenrolled;
          }
          // lib.mapAttrs (
            _: value: if lib.isBool value then lib.boolToString value else value
          ) service.settings;
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

  # NixOS's rules that ask for the password.
  passwords = [
    "systemd_home-early"
    "unix-early"
    "systemd_home"
    "unix"
  ];

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

  # The names of our own rules.
  ours = [
    "passkey"
    "passkey-done"
  ]
  ++ map (rule: "passkey-${rule}") unlock;
in
{
  options.security.pam.passkey = {
    enable = lib.mkEnableOption ''
      signing in with passkeys on security keys. This alone brings the command `passkey-enroll` and asks nobody for
      a passkey: the services that do are named in {option}`security.pam.passkey.services`'';

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
      description = "What stands in /etc/passkey/passkey.toml; see {manpage}`passkey.toml(5)`.";
    };

    services = lib.mkOption {
      default = { };
      example = {
        sudo.mode = "second-factor";
        login = {
          mode = "passwordless";
          settings.usernameless = true;
        };
      };
      description = ''
        The PAM services that ask for a passkey; without any, none does. GDM, SDDM and LightDM include `login`: name
        `login` for them.
      '';
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
              type =
                with lib.types;
                attrsOf (oneOf [
                  bool
                  int
                  str
                ]);
              default = { };
              example = {
                timeout = 20;
                usernameless = true;
              };
              description = "Further arguments of the module; see {manpage}`pam_passkey(8)`.";
            };
          };
        }
      );
    };
  };

  config = lib.mkIf cfg.enable {
    # A file whose text somebody has written takes no notice of rules, and nothing else would say that no passkey is asked for.
    assertions = lib.mapAttrsToList (name: _: {
      assertion = lib.hasInfix "pam_passkey.so" (toString config.security.pam.services.${name}.text);
      message = ''
        security.pam.passkey.services.${name}: the file of this service is set by security.pam.services.${name}.text, so
        it would ask for no passkey. Name the service that it includes instead (login, for display managers).
      '';
    }) cfg.services;

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
      # With a mode, NixOS copies the file. Otherwise it makes a symbolic link, and the module reads no settings through one.
      mode = "0644";
    };
    security.pam.services = lib.mapAttrs rule cfg.services;
  };
}
