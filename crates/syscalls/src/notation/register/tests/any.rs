//! Registers with any contents.

use proptest::prelude::{any, proptest};

use super::*;

proptest! {
    #[test]
    fn register_value_is_never_empty(registers in any::<[u64; 6]>()) {
        for abi in Abi::BOTH {
            for slot in (0..512).filter(|&nr| name(abi, nr).is_some()).filter_map(|nr| Slot::new(abi, nr)) {
                for (one, n) in signature(slot).into_iter().flat_map(|known| known.arguments(registers)) {
                    let text = text(one.kind, n, abi);
                    assert!(!text.is_empty() && text.is_ascii(), "{slot} {}: {text:?}", one.name);
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn result_of_any_call_is_never_empty(registers in any::<[u64; 6]>(), n in any::<u64>()) {
        for abi in Abi::BOTH {
            for slot in (0..512).filter_map(|nr| Slot::new(abi, nr)) {
                let Some(known) = signature(slot) else { continue };
                let mut out = String::new();
                result(known.result(registers), n, abi, &mut out);
                assert!(!out.is_empty() && out.is_ascii(), "{slot}: {out:?}");
            }
        }
    }

    /// Random registers seldom match a case, so the test makes each case match.
    #[test]
    fn register_value_of_any_case_is_never_empty(registers in any::<[u64; 6]>()) {
        for abi in Abi::BOTH {
            for slot in (0..512).filter_map(|nr| Slot::new(abi, nr)) {
                for case in signature(slot).into_iter().flat_map(Signature::cases) {
                    let mut registers = registers;
                    for test in case.tests() {
                        let Some(bits) = test.any.first() else { continue };
                        let register = &mut registers[usize::from(test.parameter)];
                        *register = *register & !bits.mask | bits.value;
                    }
                    assert!(case.matches(registers) || case.tests().iter().any(|one| one.any.is_empty()));
                    for (one, n) in signature(slot).unwrap().arguments(registers) {
                        let text = text(one.kind, n, abi);
                        assert!(!text.is_empty() && text.is_ascii(), "{slot} {}: {text:?}", one.name);
                    }
                }
            }
        }
    }
}
