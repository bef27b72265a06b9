//! Division of the programs of a load into two sets, for two threads.

use super::copies::Names;

/// Programs that take the verifier longest, the dearest first, and their time in tenths of a millisecond (Linux 6.18).
const DEAR: [(&str, u32); 23] = [
    ("handle_args", 310),
    ("result_vectors", 150),
    ("vectors", 145),
    ("handle_call", 125),
    ("table_check", 125),
    ("handle_timer", 108),
    ("filter", 107),
    ("sys_exit", 105),
    ("argv_copy", 95),
    ("handle_exec", 95),
    ("inner_args", 95),
    ("filter_match", 90),
    ("cgroup_mkdir", 85),
    ("proc_tree_seed", 80),
    ("descriptors", 66),
    ("filter_path", 55),
    ("names", 45),
    ("result_descriptor", 42),
    ("ancestor_exe", 37),
    ("members", 30),
    ("task_exec", 26),
    ("result_members", 24),
    ("filter_walk", 22),
];

/// Time by which the copy begins later, for it waits for the maps.
const COPY_BEGINS: u32 = 100;

/// Divides programs into two sets that are loaded in about the same time. The second one is empty if there is little to
/// gain.
pub(super) fn halves(programs: &Names) -> (Names, Names) {
    let (mut first, mut second) = (programs.clone(), Names::new());
    let (mut here, mut there) = (0, COPY_BEGINS);
    for (name, cost) in DEAR.into_iter().filter(|(name, _)| programs.contains(*name)) {
        if there < here {
            there += cost;
            second.extend(first.take(name));
        } else {
            here += cost;
        }
    }
    (first, second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_all_programs_take_as_long() {
        let all = DEAR.map(|(name, _)| name.to_owned()).into_iter().collect();
        let (first, second) = halves(&all);
        let cost = |names: &Names| -> u32 {
            DEAR.iter().filter(|(name, _)| names.contains(*name)).map(|(_, cost)| cost).sum()
        };
        assert_eq!((cost(&first), cost(&second)), (1091, 971));
        assert_eq!(first.union(&second).cloned().collect::<Names>(), all);
    }

    #[test]
    fn halves_of_one_dear_program_leave_second_empty() {
        let programs: Names = ["self_identify", "sys_enter"].map(str::to_owned).into();
        assert_eq!(halves(&programs), (programs.clone(), Names::new()));
    }
}
