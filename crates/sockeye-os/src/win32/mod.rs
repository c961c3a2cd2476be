//! Rules about Windows' calls that hold without Windows: how much room to give them, what their codes
//! mean. Pure, so that they are tested everywhere.

pub mod counters;
pub mod refusal;
pub mod room;
pub mod trust;
