//! Pauses
//!
//! A store measures how long its collections stop the program, and counts the stops in
//! histograms, one for each kind of stop. Each stop is counted once, with the time by the
//! clock. Finalizers, root visitors and the growth callback are not included.
//!
//! A call may stop the program more than once: an allocation that a minor collection did not
//! help runs a full one too, and gcroots_store_gc() repeats while finalizers release objects.

use core::mem::MaybeUninit;

use super::boundary::{call, enter_between_steps, required, write_out};
use super::status::gcroots_status_t;
use super::store::gcroots_store_t;
use crate::store::{PauseKind, PauseStats};

/// What stops the program: one of the GCROOTS_PAUSE_... numbers below.
pub type gcroots_pause_kind_t = u32;

/// A minor collection for an allocation. A step of a full collection that follows it is
/// included.
pub const GCROOTS_PAUSE_MINOR: gcroots_pause_kind_t = 0;
/// A step of a full collection that runs in steps: one that allocations pay for, or one of
/// gcroots_store_gc_step() or gcroots_store_gc_cancel().
pub const GCROOTS_PAUSE_STEP: gcroots_pause_kind_t = 1;
/// The stop in which the marking of a full collection ends, if the program runs between its
/// steps. This stop is counted here, and not as a minor collection or a step.
pub const GCROOTS_PAUSE_MARK_END: gcroots_pause_kind_t = 2;
/// Moving objects out of sparsely used blocks. No collector counts it yet.
pub const GCROOTS_PAUSE_EVACUATION: gcroots_pause_kind_t = 3;
/// A full collection at once.
pub const GCROOTS_PAUSE_FULL: gcroots_pause_kind_t = 4;

const _: () = assert!(
    GCROOTS_PAUSE_MINOR == PauseKind::Minor as u32
        && GCROOTS_PAUSE_STEP == PauseKind::Step as u32
        && GCROOTS_PAUSE_MARK_END == PauseKind::MarkEnd as u32
        && GCROOTS_PAUSE_EVACUATION == PauseKind::Evacuation as u32
        && GCROOTS_PAUSE_FULL == PauseKind::Full as u32
);

/// The pauses of one kind since the store was made: see gcroots_store_pauses().
///
/// A percentile is at most an eighth too high, and never higher than the maximum. Below 4096
/// nanoseconds it is at most 4095; from 2^32 nanoseconds on it is the maximum. If the system
/// has refused memory for the histogram, the percentiles leave out the pauses until it
/// granted memory.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gcroots_pauses_t {
    /// The number of pauses.
    pub count: u64,
    /// The time of all pauses together, in nanoseconds.
    pub total_nanoseconds: u64,
    /// The longest pause, in nanoseconds.
    pub max_nanoseconds: u64,
    /// Half of the pauses take at most this time, in nanoseconds.
    pub p50: u64,
    /// 90 percent of the pauses take at most this time, in nanoseconds.
    pub p90: u64,
    /// 99 percent of the pauses take at most this time, in nanoseconds.
    pub p99: u64,
    /// 99.9 percent of the pauses take at most this time, in nanoseconds.
    pub p99_9: u64,
    /// 99.99 percent of the pauses take at most this time, in nanoseconds.
    pub p99_99: u64,
    /// Reserved: zeros.
    pub reserved: [u64; 8],
}

const _: () = assert!(size_of::<gcroots_pauses_t>() == 128);

impl From<PauseStats> for gcroots_pauses_t {
    fn from(stats: PauseStats) -> gcroots_pauses_t {
        gcroots_pauses_t {
            count: stats.count,
            total_nanoseconds: stats.total_nanoseconds,
            max_nanoseconds: stats.max_nanoseconds,
            p50: stats.p50,
            p90: stats.p90,
            p99: stats.p99,
            p99_9: stats.p99_9,
            p99_99: stats.p99_99,
            reserved: [0; 8],
        }
    }
}

/// Gets a store's pauses of one kind. All are 0 if there was none. Works between the steps of
/// a collection too. Never collects.
///
/// Cost: constant. A histogram takes less than 1 KiB, which is in the `side_bytes` of
/// gcroots_store_stats(). The first pause of its kind makes it.
///
/// \param kind one of the GCROOTS_PAUSE_... numbers
/// \param[out] out 128 bytes in every version of the library; unused ones are 0
/// \return GCROOTS_ERROR_INVALID_ARGUMENT if `kind` is not one of these numbers
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gcroots_store_pauses(
    store: *mut gcroots_store_t,
    kind: gcroots_pause_kind_t,
    out: *mut MaybeUninit<gcroots_pauses_t>,
) -> gcroots_status_t {
    call("gcroots_store_pauses", || {
        let (store, out) = (required(store, "store")?, required(out, "out")?);
        // SAFETY: the caller passes a store.
        let store = unsafe { enter_between_steps(store) }?;
        let pauses = store.pauses(PauseKind::from_number(kind)?);
        // SAFETY: the caller's `out` is valid for writing.
        unsafe { write_out(out, pauses) }
    })
}
