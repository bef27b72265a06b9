//! Results of patterns that the kernel keeps for a process: they are those of its texts now. All calls are made on
//! one CPU, because each CPU keeps its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use tailcalld::config::{Filter, Part, Pattern};

use crate::counts::Counts;
use crate::filtered_call::{alone, apply, assert_counts, call, pattern, plan, run, trigger};
use crate::folder::{Folder, word};
use crate::rig::{Rig, copy_program, trigger_path};

/// Keeps this thread and the processes that it starts on one CPU.
fn stay_on_one_cpu() {
    let allowed = sched_getaffinity(None).expect("the CPUs of this thread");
    let first = (0..CpuSet::MAX_CPU).find(|cpu| allowed.is_set(*cpu)).expect("a CPU");
    let mut one = CpuSet::new();
    one.set(first);
    sched_setaffinity(None, &one).expect("a CPU of our own choice");
}

fn whole(path: &Path) -> Pattern {
    pattern(word(path), Part::Whole, false)
}

fn exe(path: &Path) -> Filter {
    Filter { exe: Some(vec![whole(path)]), ..Filter::default() }
}

/// A folder with a copy of the trigger, `old/tool`.
struct Tool {
    folder: Folder,
    tool: PathBuf,
}

impl Tool {
    fn new() -> Self {
        let folder = Folder::new();
        let tool = folder.with("old").join("tool");
        copy_program(&trigger_path(), &tool);
        Self { folder, tool }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path.join(name)
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).expect("a rename");
    }
}

#[track_caller]
fn assert_exe(rig: &Rig, program: &Path, is_recorded: bool) {
    let (recorded, filtered) = if is_recorded { (2, 0) } else { (0, 2) };
    let twice = || (0..2).for_each(|_| run(trigger(program)));
    assert_counts(rig, twice, Counts { recorded, filtered, ..Counts::default() });
}

/// Runs the program under its path, and under the one that a rename gives it, again and again.
fn assert_renames_are_followed(rename: [&str; 2], program: &str) {
    let Some(_alone) = alone() else { return };
    stay_on_one_cpu();
    let programs = Tool::new();
    programs.folder.with("other");
    let rig = Rig::new(&plan(exe(&programs.tool)));
    let [old, new] = rename;
    for _ in 0..3 {
        assert_exe(&rig, &programs.tool, true);
        programs.rename(old, new);
        assert_exe(&rig, &programs.path(program), false);
        programs.rename(new, old);
    }
}

#[test]
fn filter_exe_follows_renamed_program() {
    assert_renames_are_followed(["old/tool", "old/tool-2"], "old/tool-2");
}

#[test]
fn filter_exe_follows_renamed_directory() {
    assert_renames_are_followed(["old", "new"], "new/tool");
}

#[test]
fn filter_exe_follows_program_that_is_moved_and_back() {
    assert_renames_are_followed(["old/tool", "other/tool"], "other/tool");
}

#[test]
fn filter_exe_tells_links_to_one_file_apart() {
    let Some(_alone) = alone() else { return };
    stay_on_one_cpu();
    let programs = Tool::new();
    let rig = Rig::new(&plan(exe(&programs.tool)));
    let link = programs.folder.with("new").join("tool");
    fs::hard_link(&programs.tool, &link).expect("a link");
    for _ in 0..3 {
        assert_exe(&rig, &programs.tool, true);
        assert_exe(&rig, &link, false);
    }
}

#[test]
fn filter_exe_finds_program_that_replaces_another() {
    let Some(_alone) = alone() else { return };
    stay_on_one_cpu();
    let programs = Tool::new();
    let rig = Rig::new(&plan(exe(&programs.tool)));
    for _ in 0..3 {
        assert_exe(&rig, &programs.tool, true);
        let next = programs.path("old/next");
        copy_program(&trigger_path(), &next);
        assert_exe(&rig, &next, false);
        programs.rename("old/next", "old/tool");
    }
}

#[test]
fn filter_exe_follows_moved_mount() {
    let Some(_alone) = alone() else { return };
    stay_on_one_cpu();
    let programs = Tool::new();
    let [here, there] = ["here", "there"].map(|name| programs.folder.with(name));
    let rig = Rig::new(&plan(exe(&here.join("tool"))));
    let script = format!(
        "mount --bind {old} {here} && {here}/tool native {nr} && mount --move {here} {there} &&
         {there}/tool native {nr} && mount --move {there} {here} && {here}/tool native {nr}",
        old = word(&programs.path("old")),
        here = word(&here),
        there = word(&there),
        nr = call().nr(),
    );
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", &script]);
    let expected = Counts { recorded: 2, filtered: 1, ..Counts::default() };
    assert_counts(&rig, || run(command), expected);
}

#[test]
fn filter_parent_comm_follows_parent_that_changes_its_name() {
    let Some(_alone) = alone() else { return };
    stay_on_one_cpu();
    let parent_comm = Some(vec![pattern("first", Part::Whole, false)]);
    let rig = Rig::new(&plan(Filter { parent_comm, ..Filter::default() }));
    let script =
        "for name in first second first second; do printf $name >/proc/$$/comm; $CALL; done";
    let mut command = Command::new("sh");
    let line = format!("{} native {}", trigger_path().display(), call().nr());
    command.args(["-c", script]).env("CALL", line);
    let expected = Counts { recorded: 2, filtered: 2, ..Counts::default() };
    assert_counts(&rig, || run(command), expected);
}

#[test]
fn filter_of_reloaded_table_is_compared_anew() {
    let Some(_alone) = alone() else { return };
    stay_on_one_cpu();
    let programs = Tool::new();
    let mut rig = Rig::new(&plan(exe(&programs.tool)));
    for _ in 0..3 {
        assert_exe(&rig, &programs.tool, true);
        apply(&mut rig, &plan(exe(&programs.path("old/other"))));
        assert_exe(&rig, &programs.tool, false);
        apply(&mut rig, &plan(exe(&programs.tool)));
    }
}
