//! Preemption of tasks inside the kernel. A program of a BPF trampoline can be preempted where it is full, and while a
//! task is preempted in one, the kernel skips it for every other task on that CPU.

use std::fs;

use nix::sys::utsname::uname;

/// File of debugfs with the modes of a kernel that can change its own, the current one in parentheses.
const MODES: &str = "/sys/kernel/debug/sched/preempt";

/// Option of the kernel's command line that sets the mode.
const OPTION: &str = "preempt=";

/// Line of a kernel's configuration with full preemption, or with that as the mode that it boots with.
const CONFIGURED: &str = "CONFIG_PREEMPT=y";

/// Modes in which no task is preempted inside the kernel.
const NOT_PREEMPTIBLE: [&str; 2] = ["none", "voluntary"];

/// Sources of the mode.
#[derive(Debug, Default)]
struct ModeSources {
    /// Version of the kernel: `#1 SMP PREEMPT_DYNAMIC Debian 6.1.176-1`.
    version: String,
    /// Content of `MODES`.
    modes: Option<String>,
    command_line: String,
    config: Option<String>,
}

/// Returns the reason why a task may be preempted inside the kernel; `None` if it cannot be.
pub(super) fn preemption() -> Option<String> {
    let names = uname().ok();
    let release = names.as_ref().map(|names| names.release().to_string_lossy().into_owned());
    let config = release.and_then(|release| {
        let files = [format!("/boot/config-{release}"), format!("/lib/modules/{release}/config")];
        files.iter().find_map(|file| fs::read_to_string(file).ok())
    });
    let sources = ModeSources {
        version: names.map_or(String::new(), |names| names.version().to_string_lossy().into()),
        modes: fs::read_to_string(MODES).ok(),
        command_line: fs::read_to_string("/proc/cmdline").unwrap_or_default(),
        config,
    };
    sources.preemption()
}

impl ModeSources {
    fn preemption(&self) -> Option<String> {
        let word = self.version.split(' ').find_map(|word| word.strip_prefix("PREEMPT"));
        let mode = match word? {
            "_DYNAMIC" => self.current_mode(),
            // Linux 6.16 and newer: PREEMPT(none).
            word => Some(word.strip_prefix('(').map_or("full", |mode| mode.trim_end_matches(')'))),
        };
        match mode {
            Some(mode) if NOT_PREEMPTIBLE.contains(&mode) => None,
            Some(mode) => Some(format!("this kernel preempts its tasks (preempt={mode})")),
            None => {
                Some(format!("this kernel does not tell whether it preempts its tasks ({MODES})"))
            }
        }
    }

    /// Returns the mode of a kernel that can change it.
    fn current_mode(&self) -> Option<&str> {
        let current = self.modes.as_deref().and_then(|modes| modes.split(['(', ')']).nth(1));
        let mut options = self.command_line.split_ascii_whitespace().rev();
        let option = options.find_map(|word| word.strip_prefix(OPTION));
        current.or(option).or_else(|| {
            let is_full = self.config.as_ref()?.lines().any(|line| line == CONFIGURED);
            Some(if is_full { "full" } else { "voluntary" })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DYNAMIC: &str = "#1 SMP PREEMPT_DYNAMIC Debian 6.1.176-1 (2026-07-02)";

    fn is_preempted(version: &str, change: impl FnOnce(&mut ModeSources)) -> bool {
        let mut sources = ModeSources { version: version.to_owned(), ..ModeSources::default() };
        change(&mut sources);
        sources.preemption().is_some()
    }

    #[test]
    fn preemption_of_kernel_with_one_mode_is_in_its_version() {
        assert!(!is_preempted("#1 SMP Debian 5.10.223-1 (2024-08-10)", |_| {}));
        assert!(!is_preempted("#1 SMP PREEMPT(voluntary) Debian 6.17", |_| {}));
        for version in ["#1 SMP PREEMPT Mon", "#1 SMP PREEMPT_RT Debian", "#1 SMP PREEMPT(lazy) X"]
        {
            assert!(is_preempted(version, |_| {}), "{version}");
        }
    }

    #[test]
    fn preemption_of_dynamic_kernel_is_current_mode_then_option_then_configuration() {
        let config = |text: &str| Some(format!("CONFIG_SMP=y\n{text}\nCONFIG_PREEMPTION=y\n"));
        let full = config("CONFIG_PREEMPT=y");
        let voluntary = config("# CONFIG_PREEMPT is not set\nCONFIG_PREEMPT_VOLUNTARY=y");
        assert!(is_preempted(DYNAMIC, |_| {}), "nothing is known");
        assert!(is_preempted(DYNAMIC, |sources| sources.config = full.clone()));
        assert!(!is_preempted(DYNAMIC, |sources| sources.config = voluntary.clone()));
        assert!(!is_preempted(DYNAMIC, |sources| {
            sources.config = full.clone();
            sources.command_line = "preempt=full quiet preempt=none\n".to_owned();
        }));
        assert!(is_preempted(DYNAMIC, |sources| {
            sources.command_line = "preempt=voluntary".to_owned();
            sources.modes = Some("none voluntary (full) \n".to_owned());
        }));
        assert!(!is_preempted(DYNAMIC, |sources| {
            sources.config = full;
            sources.modes = Some("none (voluntary) full\n".to_owned());
        }));
    }
}
