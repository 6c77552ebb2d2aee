/* --- Inline ---------------------------------------------------------------- */

/** The null reference. */
static inline gcroots_ref_t gcroots_ref_null(void) {
  gcroots_ref_t null_reference = {0, 0, 0};
  return null_reference;
}

/** Whether a handle's bits are the null reference. A local that holds null has
    bits of its own: see gcroots_local_new(). */
static inline bool gcroots_ref_is_null(gcroots_ref_t ref) {
  return ref.store_id == 0;
}

/* The sizes that the library was compiled with. */
typedef char gcroots_assert_ref_size[sizeof(gcroots_ref_t) == 16 ? 1 : -1];
typedef char gcroots_assert_manually_rooted_size[sizeof(gcroots_manually_rooted_t) == 16 ? 1 : -1];
typedef char gcroots_assert_weak_size[sizeof(gcroots_weak_t) == 16 ? 1 : -1];
typedef char gcroots_assert_scope_size[sizeof(gcroots_scope_t) == 16 ? 1 : -1];
typedef char gcroots_assert_stats_size[sizeof(gcroots_stats_t) == 256 ? 1 : -1];

#ifdef __cplusplus
}
#endif

#endif /* GCROOTS_H */
