//! Threads, as the owners of stores: their tokens, and which of them are alive.
//!
//! A store belongs to one thread (`store.one-thread`). Each call compares one word of the
//! store with the calling thread's word, which has its token (HOST-1).
//!
//! | module | has |
//! |---|---|
//! | [`token`] | tokens, and the words that are made of them |
//! | [`block`] | the thread-local block, in assembly |
//! | [`living`] | the list of living threads, which says whether an owner has ended |

mod block;
mod living;
mod token;

pub(crate) use block::may_call;
#[cfg(feature = "capi")]
pub(crate) use block::{MESSAGE_BYTES, block};
pub(crate) use living::{lives, token_or_new};

/// The calling thread's token, or 0 if it has none yet.
pub(crate) fn token() -> u64 {
    token::token_of(block::entry_word())
}

/// The first word of a store while the thread with this token may call.
pub(crate) const fn entry_word_of(token: u64) -> u64 {
    token::word(token, token::LAYOUT_VERSION)
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
