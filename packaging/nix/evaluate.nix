# Evaluates the module for a few machines, and the packages, with nixpkgs' own library: the PAM files and settings that come of it, and what
# NixOS would refuse. packaging/nix/update keeps it in evaluated.json, which the tests feed to libpam.
#   nix-instantiate --eval --strict --json packaging/nix/evaluate.nix --arg lib 'import <nixpkgs/lib>'
{ lib }:

let
  store = name: "/nix/store/00000000000000000000000000000000-${name}";
  derivation = name: {
    inherit name;
    type = "derivation";
    outPath = store name;
  };

  # NixOS's rules for signing in, in its order, each 100 behind the one before (nixos/modules/security/pam.nix in August 2026): the control,
  # and the package where it is not libpam's own module. A service has those that are named in `on`, and always `deny`.
  authRules = [
    (row "oslogin_login" "[success=done perm_denied=die default=ignore]" "google-guest-oslogin")
    (row "rootok" "sufficient" null)
    (row "wheel" "required" null)
    (row "faillock" "required" null)
    (row "mysql" "sufficient" "pam_mysql")
    (row "ssh_agent_auth" "sufficient" "pam_ssh_agent_auth")
    (row "rssh" "sufficient" "pam_rssh")
    (row "p11" "sufficient" "pam_p11")
    (row "u2f" "sufficient" "pam_u2f")
    (row "ussh" "sufficient" "pam_ussh")
    (row "oath" "requisite" "oath-toolkit")
    (row "yubico" "sufficient" "yubico-pam")
    (row "p9" "sufficient" "pam_dp9ik")
    (row "fprintd" "sufficient" "fprintd")
    (row "systemd_home-early" "optional" "systemd")
    (row "unix-early" "optional" null)
    (row "ecryptfs" "optional" "ecryptfs")
    (row "fscrypt" "optional" "fscrypt")
    (row "zfs_key" "optional" "zfs")
    (row "mount" "optional" "pam_mount")
    (row "kwallet" "optional" "kwallet-pam")
    (row "gnome_keyring" "optional" "gnome-keyring")
    (row "intune" "optional" "intune-portal")
    (row "gnupg" "optional" "pam_gnupg")
    (row "faildelay" "optional" null)
    (row "google_authenticator" "required" "google-authenticator")
    (row "duo" "required" "duo-unix")
    (row "systemd_home" "sufficient" "systemd")
    (row "unix" "sufficient" null)
    (row "sss" "sufficient" "sssd")
    (row "deny" "required" null)
  ];
  row = name: control: package: { inherit name control package; };
  files = {
    kwallet = "pam_kwallet5";
    rssh = "libpam_rssh";
    systemd_home-early = "pam_systemd_home";
    unix-early = "pam_unix";
  };
  arguments = {
    unix-early.likeauth = true;
    unix = {
      likeauth = true;
      try_first_pass = true;
    };
    sss.use_first_pass = true;
    mount.disable_interactive = true;
  };
  builtIn =
    on:
    lib.listToAttrs (
      lib.imap1 (
        index:
        { name, control, package }:
        let
          file = "${files.${name} or "pam_${name}"}.so";
        in
        lib.nameValuePair name {
          inherit control;
          enable = lib.elem name (on ++ [ "deny" ]);
          order = lib.mkDefault (10000 + index * 100);
          modulePath = if package == null then file else "${store package}/lib/security/${file}";
          settings = arguments.${name} or { };
        }
      ) authRules
    );

  # As NixOS declares a rule, and a service.
  ruleOptions.options = {
    enable = lib.mkOption {
      type = lib.types.bool;
      default = true;
    };
    control = lib.mkOption { type = lib.types.str; };
    order = lib.mkOption { type = lib.types.int; };
    modulePath = lib.mkOption { type = lib.types.str; };
    settings = lib.mkOption {
      type =
        with lib.types;
        attrsOf (
          nullOr (oneOf [
            bool
            str
            int
            pathInStore
          ])
        );
      default = { };
    };
  };
  serviceOptions =
    { name, config, ... }:
    {
      options = {
        on = lib.mkOption {
          type = with lib.types; listOf str;
          default = [ "unix" ];
        };
        text = lib.mkOption { type = with lib.types; nullOr lines; };
        rules.auth = lib.mkOption {
          type = lib.types.attrsOf (lib.types.submodule ruleOptions);
        };
      };
      config = {
        rules.auth = builtIn config.on;
        text = lib.mkDefault (
          lib.concatLines (
            [ "account required pam_unix.so # unix (order 10900)" ]
            ++ authLines config.rules.auth
            ++ [
              "password sufficient pam_unix.so nullok yescrypt # unix (order 10200)"
              "session required pam_unix.so # unix (order 10200)"
            ]
            # What opens something for a session has a line there, too.
            ++ map (name: "session optional ${config.rules.auth.${name}.modulePath} # ${name}") (
              lib.intersectLists [ "mount" "kwallet" "gnome_keyring" ] config.on
            )
          )
        );
      };
    };
  authLines =
    rules:
    let
      named = lib.mapAttrsToList (name: rule: rule // { inherit name; }) rules;
      inOrder = lib.sort (one: other: one.order < other.order) (lib.filter (rule: rule.enable) named);
      orders = map (rule: rule.order) inOrder;
      word =
        key: value:
        if lib.isBool value then
          lib.optional value key
        else
          lib.optional (value != null) "${key}=${toString value}";
      line =
        rule:
        lib.concatStringsSep " " (
          [
            "auth"
            rule.control
            rule.modulePath
          ]
          ++ lib.concatLists (lib.mapAttrsToList word rule.settings)
          ++ [ "# ${rule.name} (order ${toString rule.order})" ]
        );
    in
    # NixOS refuses two rules of one order.
    assert lib.assertMsg (lib.allUnique orders) "two rules have the same order: ${toString orders}";
    map line inOrder;

  free = lib.mkOption { type = lib.types.attrsOf lib.types.unspecified; };
  surroundings.options = {
    assertions = lib.mkOption {
      type = lib.types.listOf lib.types.unspecified;
      default = [ ];
    };
    environment.systemPackages = lib.mkOption { type = lib.types.listOf lib.types.package; };
    environment.etc = lib.mkOption {
      default = { };
      type = lib.types.attrsOf (
        lib.types.submodule {
          options = {
            source = lib.mkOption { type = lib.types.unspecified; };
            mode = lib.mkOption {
              type = lib.types.str;
              default = "symlink";
            };
          };
        }
      );
    };
    systemd.packages = lib.mkOption { type = lib.types.listOf lib.types.package; };
    systemd.sockets = free // {
      default = { };
    };
    security.tpm2.enable = lib.mkOption {
      type = lib.types.bool;
      default = false;
    };
    users = free // {
      default = { };
    };
    security.pam.services = lib.mkOption {
      type = lib.types.attrsOf (lib.types.submodule serviceOptions);
    };
  };

  machine =
    configuration:
    let
      inherit
        (lib.evalModules {
          modules = [
            ./module.nix
            surroundings
            {
              security.pam.passkey = {
                enable = true;
                package = derivation "passkey";
                tpm.package = derivation "passkey-tpm";
              };
            }
            configuration
          ];
          specialArgs.pkgs.formats.toml = _: {
            # As nixpkgs has it, without null.
            type = with lib.types; attrsOf (attrsOf anything);
            # Made into a file when it is built. Numbers, strings and booleans are written in TOML as in JSON.
            generate =
              _: tables:
              lib.concatStrings (
                lib.mapAttrsToList (
                  table: settings:
                  lib.concatLines (
                    [ "[${table}]" ] ++ lib.mapAttrsToList (key: value: "${key} = ${builtins.toJSON value}") settings
                  )
                ) tables
              );
          };
        })
        config
        ;
    in
    {
      inherit (config.environment) etc;
      packages = map toString config.environment.systemPackages;
      units = map toString config.systemd.packages;
      inherit (config.systemd) sockets;
      inherit (config) users;
      tpm2 = config.security.tpm2.enable;
      services = lib.mapAttrs (_: service: service.text) config.security.pam.services;
      refused = map (it: it.message) (lib.filter (it: !it.assertion) config.assertions);
    };
  machines = {
    # Nothing but the password.
    plain.security.pam = {
      passkey = {
        settings.defaults = {
          timeout = 10;
          wait_for_key = 0;
        };
        services = {
          sudo.mode = "second-factor";
          su.mode = "second-factor";
          polkit-1 = {
            mode = "second-factor";
            unenrolled = "deny";
          };
          login = {
            mode = "passwordless";
            settings = {
              quiet = false;
              timeout = 20;
              usernameless = true;
            };
          };
        };
      };
      services.su.on = [
        "rootok"
        "faillock"
        "unix"
      ];
    };
    # Whatever else NixOS can let in by, and whatever it unlocks.
    desktop.security.pam = {
      passkey = {
        tpm.enable = true;
        services = {
          login.mode = "passwordless";
          sudo.mode = "second-factor";
          polkit-1.mode = "second-factor";
          su.mode = "passwordless";
        };
      };
      services = {
        login.on = [
          "systemd_home-early"
          "unix-early"
          "mount"
          "kwallet"
          "gnome_keyring"
          "systemd_home"
          "unix"
          "sss"
        ];
        sudo.on = [
          "ssh_agent_auth"
          "p11"
          "u2f"
          "yubico"
          "fprintd"
          "systemd_home"
          "unix"
          "sss"
        ];
        polkit-1.on = [
          "fprintd"
          "unix-early"
          "gnome_keyring"
          "unix"
        ];
        su.on = [
          "rootok"
          "fprintd"
          "unix"
        ];
      };
    };
    # A file of somebody's own takes no notice of rules, and a machine where no service is named has none of ours.
    written.security.pam = {
      passkey.services.gdm-password.mode = "second-factor";
      services.gdm-password.text = ''
        auth substack login
        account include login
      '';
    };
    unused.security.pam.services.sudo = { };
  };

  # What the recipe of a package does to the source, and to what it has built.
  phases =
    file:
    let
      recipe = import file;
      given = {
        inherit lib;
        rustPlatform.buildRustPackage = it: { inherit (it) postPatch installPhase version; };
      };
    in
    recipe (lib.mapAttrs (name: _: given.${name} or (derivation name)) (lib.functionArgs recipe));
in
{
  library = lib.version;
  made_of = lib.genAttrs [
    "evaluate.nix"
    "module.nix"
    "package.nix"
    "package-tpm.nix"
  ] (name: builtins.hashFile "sha256" (./. + "/${name}"));
  machines = lib.mapAttrs (_: machine) machines;
  packages = lib.mapAttrs (_: phases) {
    passkey = ./package.nix;
    passkey-tpm = ./package-tpm.nix;
  };
}
