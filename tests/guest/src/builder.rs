//! What a guest shall be like.

use std::sync::Arc;

use crate::PATIENCE;
use crate::agent::GROUP;
use crate::disk::Disk;
use crate::guest::{Guest, Inner, quote};
use crate::hardware::{Hardware, SEED};
use crate::image::{self, Init, Root};
use crate::key::KeyOptions;
use crate::machine::Machine;
use crate::products::Product;
use crate::reader::{READER, SCRIPT};
use crate::seed::Seed;
use crate::slot::Slot;

/// A guest in the making.
#[must_use = "nothing runs before `boot`"]
pub struct GuestBuilder {
    root: Root,
    init: Init,
    users: Vec<(String, String)>,
    files: Vec<(String, u32, Vec<u8>)>,
    keys: Vec<(String, KeyOptions)>,
    products: Vec<Product>,
    host_name: String,
    disks: Vec<Result<Disk, String>>,
    display: Option<(u16, u16)>,
    megabytes: u32,
    tpm: bool,
}

/// What the service on the TPM links and how it reaches the device, and tools to look at the TPM from another side.
const TPM_PACKAGES: [&str; 3] = ["libdbus-1-3", "libtss2-tcti-device0", "tpm2-tools"];

/// Enough for all that has no desktop.
const MEGABYTES: u32 = 1024;

impl GuestBuilder {
    pub(crate) fn new(root: Root) -> Self {
        Self {
            root,
            init: Init::Busybox,
            users: Vec::new(),
            files: Vec::new(),
            keys: Vec::new(),
            products: vec![
                Product::Agent,
                Product::VirtualKey,
                Product::Module,
                Product::Enroll,
                Product::German,
            ],
            host_name: "guest".to_owned(),
            disks: Vec::new(),
            display: None,
            megabytes: MEGABYTES,
            tpm: false,
        }
    }

    /// A person with a password, who may use sudo and security keys.
    pub fn user(mut self, name: &str, password: &str) -> Self {
        self.users.push((name.to_owned(), password.to_owned()));
        self
    }

    /// A file of root, mode 0644.
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.file_with_mode(path, content, 0o644)
    }

    /// A file of root.
    pub fn file_with_mode(mut self, path: &str, content: impl AsRef<[u8]>, mode: u32) -> Self {
        self.files.push((path.to_owned(), mode, content.as_ref().to_vec()));
        self
    }

    /// A security key, plugged in.
    pub fn key(mut self, name: &str, options: KeyOptions) -> Self {
        self.keys.push((name.to_owned(), options));
        self
    }

    /// Packages beyond the usual ones; has an image of its own built the first time.
    ///
    /// # Panics
    /// On a root that is not Debian's.
    pub fn packages(mut self, names: &[&str]) -> Self {
        let Root::Debian { packages, .. } = &mut self.root else { panic!("this root takes no packages") };
        packages.extend(names.iter().map(|&name| name.to_owned()));
        packages.sort();
        self
    }

    /// With systemd as process 1, which starts what its packages enable: a full machine, up in half a minute.
    ///
    /// # Panics
    /// On a root that is not Debian's.
    pub fn systemd(self) -> Self {
        Self { init: Init::Systemd, ..self.packages(Init::Systemd.packages()) }
    }

    /// Leaves out `pam_passkey.so` with its catalogue, and `passkey-enroll`.
    pub fn without_product(mut self) -> Self {
        self.products
            .retain(|product| !matches!(product, Product::Module | Product::Enroll | Product::German));
        self
    }

    /// The machine's static host name; `guest` unless told.
    pub fn host_name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.host_name);
        self
    }

    /// A new [`Disk`] of this size; its name is letters, digits and hyphens, 20 at most.
    pub fn disk(mut self, name: &str, megabytes: u64) -> Self {
        self.disks.push(Disk::create(name, megabytes));
        self
    }

    /// A disk that another guest has left.
    pub fn with_disk(mut self, disk: Disk) -> Self {
        self.disks.push(Ok(disk));
        self
    }

    /// With a screen of this width and height, a keyboard and a pointer: [`Guest::display`].
    pub fn display(mut self, size: (u16, u16)) -> Self {
        self.display = Some(size);
        self
    }

    /// With so many megabytes of memory instead of 1024.
    pub fn memory(mut self, megabytes: u32) -> Self {
        self.megabytes = megabytes;
        self
    }

    /// With a TPM that has never been used, at `/dev/tpmrm0`, and `passkey-tpm`, which is not started.
    ///
    /// # Panics
    /// On a root that is not Debian's.
    pub fn tpm(mut self) -> Self {
        self.products.push(Product::Tpm);
        Self { tpm: true, ..self.packages(&TPM_PACKAGES) }
    }

    /// With `bench-probe`, which measures sign-ins.
    pub fn bench_probe(mut self) -> Self {
        self.products.push(Product::Probe);
        self
    }

    /// With `gdm-session-worker`, a host that talks to modules as GDM's does.
    pub fn gdm_worker(mut self) -> Self {
        self.products.push(Product::GdmWorker);
        self
    }

    /// Starts it, in a few seconds.
    ///
    /// # Panics
    /// When it does not come up; says why.
    #[track_caller]
    pub fn boot(self) -> Guest {
        self.try_boot().unwrap_or_else(|reason| panic!("no guest: {reason}"))
    }

    /// As [`GuestBuilder::boot`].
    ///
    /// # Errors
    /// A sentence, if need be with what the machine has said.
    pub fn try_boot(mut self) -> Result<Guest, String> {
        // First of all, since making an image keeps a processor busy too.
        let slot = Slot::take().map_err(|error| error.to_string())?;
        let files = image::boot_files(&self.root, self.display.is_some())?;
        let folder =
            tempfile::Builder::new().prefix("guest-").tempdir().map_err(|error| error.to_string())?;
        let seed_blocks = self.seed(&folder.path().join(SEED))?;
        let disks = std::mem::take(&mut self.disks).into_iter().collect::<Result<_, _>>()?;
        let hardware = Hardware {
            files,
            init: self.init,
            disks,
            display: self.display,
            megabytes: self.megabytes,
            tpm: self.tpm,
        };
        let (machine, link) = Machine::start(hardware, folder, seed_blocks, slot)?;
        let guest = Guest { inner: Arc::new(Inner { link, machine }) };
        self.settle(&guest)?;
        Ok(guest)
    }

    /// Writes the second disk; how many blocks it is.
    fn seed(&self, path: &std::path::Path) -> Result<u64, String> {
        let io = |error: std::io::Error| format!("{}: {error}", path.display());
        let mut seed = Seed::create(path).map_err(io)?;
        for &(name, to, mode) in self.init.files() {
            seed.copy(&image::folder().join(name), to, mode).map_err(io)?;
        }
        if self.display.is_some() {
            seed.copy(&image::folder().join(SCRIPT), READER, 0o755).map_err(io)?;
        }
        let host = &self.host_name;
        seed.write("/etc/hostname", 0o644, format!("{host}\n").as_bytes()).map_err(io)?;
        seed.write("/etc/hosts", 0o644, format!("127.0.0.1 localhost\n127.0.1.1 {host}\n").as_bytes())
            .map_err(io)?;
        for product in &self.products {
            let built = match product.find() {
                Ok(built) => built,
                Err(_) if *product == Product::VirtualKey && self.keys.is_empty() => continue,
                Err(reason) => return Err(reason),
            };
            seed.write(&product.installed(), product.mode(), &product.content(&built)?).map_err(io)?;
        }
        for (to, mode, content) in &self.files {
            seed.write(to, *mode, content).map_err(io)?;
        }
        seed.finish().map_err(io)
    }

    /// What can only be done in the running guest.
    fn settle(&self, guest: &Guest) -> Result<(), String> {
        let each = |line: fn(&str, &str) -> String| -> String {
            self.users.iter().map(|(name, password)| line(name, password)).collect()
        };
        // A cheap hash: it is computed under emulation at every sign-in.
        let script =
            each(|name, _| format!("useradd -m -s /bin/bash -G sudo,{GROUP} -- {} &&\n", quote(name)))
                + "chpasswd -c SHA512 -s 1000";
        let passwords = each(|name, password| format!("{name}:{password}\n"));
        let output = guest.run("root", &script, passwords.as_bytes(), PATIENCE);
        if output.status != 0 {
            return Err(format!("cannot create the users: {}", output.stderr));
        }
        for (name, options) in &self.keys {
            guest.add_key(name, options);
        }
        Ok(())
    }
}
