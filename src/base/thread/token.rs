//! Thread tokens, and the words that are made of them.
//!
//! A *token* is a multiple of [`TOKEN_STEP`] that is never issued again. A thread's *word*
//! is its token with the version of the store's layout in the bits below. It equals the
//! first word of the stores that the thread may call now.

use crate::base::hashing::RandomCounter;

/// Tokens are multiples of this. The bits below hold a version, and [`ENDED`].
const TOKEN_STEP: u64 = 256;

/// Set in a thread's word once its last exit hook has run. No entry word has this bit.
const ENDED: u64 = 128;

/// The greatest version that a word has room for.
const VERSION_MAX: u64 = ENDED - 1;

/// The version of the layout of a store's hot block. It is part of the words that are
/// compared. Inline code that was compiled for another version finds no match, and falls back to
/// calls.
pub(crate) const LAYOUT_VERSION: u64 = 1;

const _: () = assert!(LAYOUT_VERSION >= 1 && LAYOUT_VERSION <= VERSION_MAX);

/// A token that no other thread has or had, in any copy of the library in this process. It
/// is counted from a start of this copy's own (HOST-1), and is never 0.
pub(super) fn issue() -> u64 {
    static COUNTER: RandomCounter = RandomCounter::new();
    loop {
        let token = COUNTER.next().wrapping_mul(TOKEN_STEP);
        if token != 0 {
            return token;
        }
    }
}

/// The word of the thread with this token, for this version of the layout. The token 0
/// makes the word of a thread that has none.
pub(super) const fn word(token: u64, version: u64) -> u64 {
    token | version
}

/// The word of a thread whose last exit hook has run.
pub(super) const fn word_of_the_ended(version: u64) -> u64 {
    word(0, version) | ENDED
}

/// The token in a word, or 0 if it has none.
pub(super) const fn token_of(word: u64) -> u64 {
    word & !(TOKEN_STEP - 1)
}

/// Whether a word is that of a thread whose last exit hook has run.
pub(super) const fn is_of_the_ended(word: u64) -> bool {
    word & ENDED != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_every_version_keep_tokens_and_ends_apart() {
        let tokens = [0, TOKEN_STEP, 77 * TOKEN_STEP, !(TOKEN_STEP - 1), issue()];
        for version in 1..=VERSION_MAX {
            for token in tokens {
                let alive = word(token, version);
                assert_eq!(token_of(alive), token, "version {version}");
                assert!(!is_of_the_ended(alive), "version {version}");
                assert_ne!(alive, 0, "a busy store's word");
                for other in (1..=VERSION_MAX).filter(|&other| other != version) {
                    assert!(tokens.iter().all(|&token| word(token, other) != alive));
                }
                assert_ne!(alive, word_of_the_ended(version));
            }
            assert!(is_of_the_ended(word_of_the_ended(version)));
            assert_eq!(token_of(word_of_the_ended(version)), 0);
        }
    }

    #[test]
    fn tokens_are_counted_from_a_start_of_this_copys_own() {
        let (first, second) = (issue(), issue());
        assert_ne!(first, second);
        for token in [first, second] {
            assert_eq!(token % TOKEN_STEP, 0);
            assert!(token > 1 << 32, "a start that every copy has");
        }
    }
}
