/* --- Inline ------------------------------------------------------------------
 *
 * A program that reads this header without a compiler, such as a generator of bindings,
 * may know declarations only. Define GCROOTS_DECLARATIONS_ONLY before this header to
 * leave this section and all attributes out.
 */

#ifndef GCROOTS_DECLARATIONS_ONLY

/** Returns the null reference. Never collects. */
GCROOTS_NEVER_COLLECTS
static inline gcroots_ref_t gcroots_ref_null(void) {
  gcroots_ref_t null_reference = {0, 0, 0};
  return null_reference;
}

/** Returns whether a handle is the null reference. Looks at the bits only: it returns
    false for a local that holds null, for which there is gcroots_local_is_null(). Never
    collects. */
GCROOTS_NEVER_COLLECTS
static inline bool gcroots_ref_is_null(gcroots_ref_t ref) {
  return ref.store_id == 0;
}

/* These do not compile if a size differs from the library's. */
typedef char gcroots_assert_ref_size[sizeof(gcroots_ref_t) == 16 ? 1 : -1];
typedef char gcroots_assert_manually_rooted_size[sizeof(gcroots_manually_rooted_t) == 16 ? 1 : -1];
typedef char gcroots_assert_weak_size[sizeof(gcroots_weak_t) == 16 ? 1 : -1];
typedef char gcroots_assert_pin_size[sizeof(gcroots_pin_t) == 16 ? 1 : -1];
typedef char gcroots_assert_scope_size[sizeof(gcroots_scope_t) == 16 ? 1 : -1];
typedef char gcroots_assert_stats_size[sizeof(gcroots_stats_t) == 256 ? 1 : -1];

#endif /* GCROOTS_DECLARATIONS_ONLY */

#ifdef __cplusplus
}
#endif

#endif /* GCROOTS_H */
