//! The base that all other modules stand on. Nothing here knows of heaps, roots or stores.
//!
//! | module | offers |
//! |---|---|
//! | [`array`](mod@array) | the growable array that hot paths index |
//! | [`fallible`] | boxes and vectors whose allocation can fail |
//! | [`prefetch`](mod@prefetch) | brings memory into the processor's cache |
//! | [`pages`] | gives pages of a block back to the system |
//! | [`ref_counted`] | counted references that never abort |
//! | [`side_meter`] | the bound of a store's memory beside its heap |
//! | [`fixed_list`] | a list that compiled code reads |
//! | [`lock`] | the mutex |
//! | [`fork`] | locks that are free in the child of a `fork` |
//! | [`hashing`] | hashes, among them some that only this process can compute |
//! | [`place_index`] | a hash table of places in an array |
//! | [`small_copy`] | copies of few bytes without a call |
//! | [`released_pages`] | lists pages that went back from inside a table |
//! | [`room`] | giving back the unused memory of a table |
//! | [`work`] | a count of work, for tests |
//! | [`mappings`] | whether the process has memory mappings left |
//! | [`thread`] | thread tokens, living threads, the thread-local block |
//!
//! The standard library's growth and counting abort the process when memory or a count is
//! out, which no exported function may do (`capi.no-abort`). [`array`](mod@array), [`fallible`] and
//! [`ref_counted`] return errors.

pub(crate) mod array;
pub(crate) mod dirty_groups;
pub(crate) mod fallible;
pub(crate) mod fixed_list;
pub(crate) mod fork;
pub(crate) mod hashing;
pub(crate) mod lock;
pub(crate) mod mappings;
pub(crate) mod pages;
pub(crate) mod place_index;
pub(crate) mod prefetch;
pub(crate) mod ref_counted;
pub(crate) mod released_pages;
pub(crate) mod room;
pub(crate) mod side_meter;
pub(crate) mod small_copy;
pub(crate) mod thread;
pub(crate) mod work;
