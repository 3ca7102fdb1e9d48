//! What a machine is put together from: QEMU's command line.

use std::path::Path;

use crate::architecture::Architecture;
use crate::disk::Disk;
use crate::image::{BootFiles, Init};
use crate::protocol::PORT;

/// Programs lie at the same addresses each time (`norandmaps`): QEMU translates what lies elsewhere anew, which for a short program is
/// most of its time.
const KERNEL_WORDS: &str = "quiet mitigations=off norandmaps random.trust_cpu=on panic=-1";

/// The parts of a machine that are chosen; the others are the same in all.
pub(crate) struct Hardware {
    pub(crate) files: BootFiles,
    pub(crate) init: Init,
    pub(crate) disks: Vec<Disk>,
    /// Width and height of its screen, if it has one.
    pub(crate) display: Option<(u16, u16)>,
    pub(crate) megabytes: u32,
    /// Whether it has a TPM.
    pub(crate) tpm: bool,
}

/// Sockets and files of a machine, in a folder of its own.
pub(crate) const AGENT: &str = "agent";
pub(crate) const MONITOR: &str = "monitor";
pub(crate) const CONSOLE: &str = "console";
pub(crate) const SEED: &str = "seed.tar";
pub(crate) const TPM: &str = "tpm";

impl Hardware {
    /// Of a machine that runs in `folder`.
    pub(crate) fn arguments(&self, folder: &Path) -> Vec<String> {
        let disks: Vec<(&Path, &str)> = self.disks.iter().map(|disk| (disk.path(), disk.name())).collect();
        self.arguments_with(folder, &disks)
    }

    /// What all machines have in common that can go on from each other's saved state.
    pub(crate) fn kind(&self) -> String {
        let nowhere = Path::new("");
        let arguments = self.arguments_with(nowhere, &vec![(nowhere, ""); self.disks.len()]);
        let sizes: Vec<u64> =
            self.disks.iter().map(|disk| disk.file().metadata().map_or(0, |data| data.len())).collect();
        format!("{arguments:?} {sizes:?}")
    }

    fn arguments_with(&self, folder: &Path, disks: &[(&Path, &str)]) -> Vec<String> {
        let BootFiles { kernel, initrd, root } = &self.files;
        let own = Architecture::own();
        let tpm = if self.tpm { own.tpm_words } else { "" };
        let words = format!("{} {KERNEL_WORDS}{}{tpm}", own.kernel_words, self.init.kernel_words());
        let socket = |id: &str, name: &str| format!("socket,id={id},path={}", escaped(&folder.join(name)));
        let memory = self.megabytes.to_string();
        let mut arguments: Vec<String> = [
            // KVM is not to be had on many build machines, and hangs on some where it is nested.
            &["-machine", own.machine, "-accel", "tcg,thread=multi", "-cpu", own.processor, "-smp", "2"][..],
            &["-m", &memory, "-display", "none", "-nodefaults", "-no-reboot"],
            if own.has_generation_id { &["-device", "vmgenid,guid=auto"] } else { &[] },
            &["-serial", &format!("file:{}", escaped(&folder.join(CONSOLE)))],
            &["-kernel", &kernel.to_string_lossy(), "-initrd", &initrd.to_string_lossy(), "-append", &words],
            &["-chardev", &socket("monitor", MONITOR), "-mon", "chardev=monitor,mode=control"],
            &["-chardev", &socket("agent", AGENT), "-device", "virtio-serial-pci"],
            &["-device", &format!("virtserialport,chardev=agent,name={PORT}")],
        ]
        .concat()
        .into_iter()
        .map(str::to_owned)
        .collect();
        if let Some((width, height)) = self.display {
            arguments.extend(display(own.card, width, height));
        }
        if self.tpm {
            let device = format!("{},tpmdev=tpm0", own.tpm);
            let backend = "emulator,id=tpm0,chardev=tpm";
            let parts = ["-chardev", &socket("tpm", TPM), "-tpmdev", backend, "-device", &device];
            arguments.extend(parts.map(str::to_owned));
        }
        // In this order they are vda, vdb and so on.
        arguments.extend(disk("root", root, READ_ONLY, ""));
        arguments.extend(disk("seed", &folder.join(SEED), READ_ONLY, ""));
        for (number, (path, name)) in disks.iter().enumerate() {
            // It is the guest that may lose its power, not this machine: nothing need wait for this one's disk.
            arguments.extend(disk(&format!("disk{number}"), path, "cache=unsafe", name));
        }
        arguments
    }
}

/// A card, and a keyboard and a pointer that lose nothing however slow the guest is.
fn display(card: &str, width: u16, height: u16) -> impl Iterator<Item = String> {
    let card = format!("{card},edid=on,xres={width},yres={height}");
    [card, "virtio-keyboard-pci".to_owned(), "virtio-tablet-pci".to_owned()]
        .into_iter()
        .flat_map(|device| ["-device".to_owned(), device])
}

const READ_ONLY: &str = "readonly=on,file.locking=off";

fn disk(id: &str, path: &Path, options: &str, serial: &str) -> [String; 4] {
    [
        "-drive".to_owned(),
        format!("if=none,id={id},format=raw,{options},file={}", escaped(path)),
        "-device".to_owned(),
        format!("virtio-blk-pci,drive={id},serial={serial}"),
    ]
}

/// In the value of one of QEMU's options.
fn escaped(path: &Path) -> String {
    path.display().to_string().replace(',', ",,")
}
