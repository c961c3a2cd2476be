//! Programs that cannot be adapted to this kernel, told from the others.
//!
//! aya-obj adapts all programs in one go, to where the kernel's structures have their members. A member
//! that is missing makes one instruction that the kernel refuses later, with its program alone. But one
//! that has become something else, an integer that is a structure now, is an error of the whole object.
//! Then each function is tried on its own, all others being made of instructions that nothing is wrong
//! with. That takes 30 ms, and nothing where all is well.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::io;

use aya_obj::Object;
use aya_obj::generated::{BPF_ALU64, BPF_K, BPF_MOV};

use super::load::Refused;

/// Where a function stands: its section and its place there.
type Place = (usize, u64);

/// Adapts `object` by `relocate`; gives it back without the programs that cannot be adapted, and why
/// those cannot. `pristine` makes another one, to which nothing was done yet.
pub(super) fn adapt(
    mut object: Object,
    pristine: impl Fn() -> Result<Object, Refused>,
    relocate: impl Fn(&mut Object) -> Result<(), String>,
) -> Result<(Object, HashMap<String, String>), Refused> {
    if relocate(&mut object).is_ok() {
        return Ok((object, HashMap::new()));
    }
    let whole = pristine()?;
    let reason_alone = |place: &Place| {
        let mut object = whole.clone();
        hollow_out(&mut object, |other| other != place);
        relocate(&mut object).err()
    };
    let places = whole.functions.keys();
    let unfit: HashMap<Place, String> =
        places.filter_map(|place| Some((*place, reason_alone(place)?))).collect();
    let mut object = whole;
    hollow_out(&mut object, |place| unfit.contains_key(place));
    relocate(&mut object)
        .map_err(|reason| Refused::new("adapt to the kernel's types", io::Error::other(reason)))?;
    let (mut reasons, mut gone) = (HashMap::new(), HashSet::new());
    object.programs.retain(|name, program| {
        let Some(reason) = unfit.get(&program.function_key()) else { return true };
        reasons.insert(name.clone(), reason.clone());
        gone.insert(program.function_key());
        false
    });
    // What else is hollow is called by programs: the kernel refuses those that do.
    object.functions.retain(|place, _| !gone.contains(place));
    Ok((object, reasons))
}

/// Makes those functions of nothing but `r0 = 0`: whatever a relocation writes into that is no error.
/// The kernel takes no such function, for it has no end.
fn hollow_out(object: &mut Object, is_to_go: impl Fn(&Place) -> bool) {
    let code = (BPF_ALU64 | BPF_MOV | BPF_K) as u8;
    for (place, function) in &mut object.functions {
        if is_to_go(place) {
            function.instructions.iter_mut().for_each(|instruction| {
                (instruction.code, instruction.off, instruction.imm) = (code, 0, 0);
                instruction.set_src_reg(0);
                instruction.set_dst_reg(0);
            });
        }
    }
}

/// An error with what caused it.
pub(super) fn with_source(error: &dyn Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", with_source(source)),
        None => error.to_string(),
    }
}
