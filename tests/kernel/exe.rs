//! Filters by the path of the executable and by the name of the parent.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tailcalld::config::{Filter, Part, Pattern};

use crate::counts::Counts;
use crate::filtered_call::{
    alone, apply, assert_counts, assert_filtered, assert_recorded, call, pattern, plan, run,
    trigger, trigger_line,
};
use crate::rig::{Rig, copy_program, trigger_path};

fn exe(patterns: Vec<Pattern>) -> Filter {
    Filter { exe: Some(patterns), ..Filter::default() }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// A folder with three copies of the trigger.
struct Programs {
    folder: tempfile::TempDir,
    /// Folder of `far`, many levels below.
    deep: PathBuf,
    tool: PathBuf,
    other: PathBuf,
    far: PathBuf,
}

impl Programs {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let deep = folder.path().join("a/b/c".repeat(12));
        fs::create_dir_all(&deep).expect("folders");
        let [tool, other] = ["tool.x", "other"].map(|name| folder.path().join(name));
        let far = deep.join("tool.y");
        for copy in [&tool, &other, &far] {
            copy_program(&trigger_path(), copy);
        }
        Self { folder, deep, tool, other, far }
    }

    fn run_each(&self) {
        for program in [&self.tool, &self.other, &self.far] {
            run(trigger(program));
        }
    }
}

#[test]
fn filter_exe_matches_whole_path_begin_and_end() {
    let Some(_alone) = alone() else { return };
    let programs = Programs::new();
    let tool = text(&programs.tool);
    let folder = format!("{}/", text(programs.folder.path()));
    let mut rig = Rig::new(&plan(exe(vec![pattern(&tool, Part::Whole, false)])));
    let one_of_three = Counts { recorded: 1, filtered: 2, ..Counts::default() };
    assert_counts(&rig, || programs.run_each(), one_of_three);
    for (patterns, recorded) in [
        (vec![pattern(&folder, Part::Begin, false)], 3),
        (vec![pattern("/other", Part::End, false)], 1),
        (vec![pattern("/tool.y", Part::End, false)], 1),
        (vec![pattern("/nowhere/", Part::Begin, false)], 0),
        (vec![pattern(&folder, Part::Begin, false), pattern(".x", Part::End, true)], 2),
    ] {
        apply(&mut rig, &plan(exe(patterns)));
        let expected = Counts { recorded, filtered: 3 - recorded, ..Counts::default() };
        assert_counts(&rig, || programs.run_each(), expected);
    }
}

#[test]
fn filter_exe_matches_path_in_mount_namespace_of_process() {
    let Some(_alone) = alone() else { return };
    let programs = Programs::new();
    let mounted = programs.deep.join("tool.x");
    let rig = Rig::new(&plan(exe(vec![pattern(&text(&mounted), Part::Whole, false)])));
    let script = format!(
        "mount --bind {} {} && exec {} native {}",
        programs.folder.path().display(),
        programs.deep.display(),
        mounted.display(),
        call().nr()
    );
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", &script]);
    assert_recorded(&rig, || run(command));
}

#[test]
fn filter_parent_comm_matches_name() {
    let Some(_alone) = alone() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let shell = folder.path().join("parent-shell");
    copy_program(Path::new("/bin/sh"), &shell);
    let parent_comm = Some(vec![pattern("parent-", Part::Begin, false)]);
    let rig = Rig::new(&plan(Filter { parent_comm, ..Filter::default() }));
    let script = format!("{}; true", trigger_line());
    let mut command = Command::new(&shell);
    // Busybox chooses its applet by argv[0].
    command.arg0("sh").args(["-c", &script]);
    assert_recorded(&rig, || run(command));
    assert_filtered(&rig, || run(trigger(&trigger_path())));
}
