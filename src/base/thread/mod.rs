//! Threads, as the owners of stores: their tokens, and which of them are alive.
//!
//! A store belongs to one thread (`store.one-thread`). Each call compares one word of the
//! store with the calling thread's word, which has its token (HOST-1).
//!
//! | module | has |
//! |---|---|
//! | [`mod@token`] | tokens, and the words that are made of them |
//! | [`mod@block`] | the thread-local block, in assembly |
//! | [`life`] | whether a thread still exists |
//! | [`record`] | what other threads must know of a thread, and its last error message |
//! | [`living`] | the list of records, which says whether the owner of a store has ended |
//! | [`message`] | the last error message of each thread |
//! | [`exit`] | the hook that runs when a thread ends |

mod block;
mod exit;
mod life;
mod living;
#[cfg(feature = "capi")]
mod message;
mod record;
mod token;

pub(crate) use block::may_call;
#[cfg(feature = "capi")]
pub(crate) use block::{block, thread_token_offset};
pub(crate) use living::lives;
#[cfg(feature = "capi")]
pub(crate) use message::{last_message, message_buffer, messages};
#[cfg(feature = "capi")]
pub(crate) use record::MESSAGE_BYTES;
#[cfg(feature = "capi")]
pub(crate) use token::LAYOUT_VERSION;

use crate::error::{Error, Result};

/// The calling thread's token, or 0 if it has none yet.
pub(crate) fn token() -> u64 {
    token::token_of(block::entry_word())
}

/// The first word of a store while the thread with this token may call.
pub(crate) const fn entry_word_of(token: u64) -> u64 {
    token::word(token, token::LAYOUT_VERSION)
}

/// The calling thread's token. Gives it one if it has none.
///
/// Errors: [`Error::SystemMemory`]; [`Error::Limit`] if the system has no key left, or the
/// thread's last exit hook has run.
pub(crate) fn token_or_new() -> Result<u64> {
    if token() != 0 {
        return Ok(token());
    }
    if token::is_of_the_ended(block::entry_word()) {
        return Err(Error::Limit {
            what: "stores of a thread that is ending",
            limit: 0,
        });
    }
    let record = living::own_record()?;
    exit::arm()?;
    block::set_token(record.token());
    Ok(record.token())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_never_reused_and_its_end_is_noticed() {
        let mine = token_or_new().unwrap();
        assert_eq!(token_or_new().unwrap(), mine);
        assert_eq!(token(), mine);
        assert!(lives(mine));
        let mut seen = vec![mine];
        for _ in 0..20 {
            let other = std::thread::spawn(|| {
                assert_eq!(token(), 0, "a new thread has none");
                let token = token_or_new().unwrap();
                assert!(lives(token));
                token
            })
            .join()
            .unwrap();
            assert!(!seen.contains(&other));
            assert!(!lives(other));
            seen.push(other);
        }
    }
}
