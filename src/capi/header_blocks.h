/* --- Blocks -----------------------------------------------------------------
 *
 * A C program that is compiled by GCC or Clang can declare variables that release what
 * they own when their block ends:
 *
 *   gcroots_status_t make(gcroots_store_t *store, gcroots_ref_t *out) {
 *     gcroots_ref_t pair;
 *     GCROOTS_AUTO_SCOPE(scope, store);
 *     if (scope.status != GCROOTS_OK) return scope.status;
 *     if (!make_pair(store, &pair)) return GCROOTS_STATUS_EMBEDDER; // ends the scope
 *     return gcroots_auto_scope_escape(&scope, pair, out);          // ends it too
 *   }
 *
 * - Each macro declares a variable that owns nothing at first, except
 *   GCROOTS_AUTO_SCOPE(), which enters a scope. Pass the address of the variable as
 *   `out`, or assign to it. If that fails, the variable still owns nothing.
 * - A variable is released at the end of its block, and when return, break, continue or
 *   goto leaves the block. The expression of a return is evaluated before. Variables are
 *   released in the reverse order of their declarations, so declare a store before its
 *   scopes.
 * - To keep what a variable owns, copy it and set the variable to NULL, or to the null
 *   handle.
 * - A longjmp() out of the block, exit() and abort() release nothing. After a longjmp(),
 *   gcroots_scope_unwind() of a scope outside ends the scopes that were left.
 * - No goto and no case label may skip the declaration: a variable without a value
 *   would be released. Clang refuses such a program. GCC warns with -Wjump-misses-init.
 * - A release that is refused has no effect, and its status is lost, but its message is
 *   that of gcroots_last_error(). For example, a store that another thread owns is not
 *   deleted, and a scope that gcroots_scope_exit() has ended is not ended again.
 * - Clang's -Wthread-safety does not know what GCROOTS_AUTO_STORE() releases. Declare a
 *   function that has one with GCROOTS_NO_THREAD_CHECK.
 *
 * C++ has the classes of gcroots.hpp instead.
 */

#if !defined(__cplusplus) && GCROOTS_HAS_ATTRIBUTE(cleanup)

/** What GCROOTS_AUTO_SCOPE() declares. */
typedef struct {
  /** The store (borrowed). */
  gcroots_store_t *store;
  /** The scope, for gcroots_scope_escape() and the like. Zeros if it was not entered, or
      has ended by gcroots_auto_scope_escape(). */
  gcroots_scope_t scope;
  /** What gcroots_scope_enter() returned. If it failed, new scoped roots belong to the
      scope outside. */
  gcroots_status_t status;
} gcroots_auto_scope_t;

/** Enters a scope that the block ends, with all scopes inside it. No-GC spans that were
    opened in it are closed. Check `name.status`. Never collects. */
#define GCROOTS_AUTO_SCOPE(name, store)                                  \
  gcroots_auto_scope_t name __attribute__((cleanup(gcroots_auto_end))) = \
      gcroots_auto_scope_enter(store)

/** A manual root, null at first. The block gives it to
    gcroots_manually_rooted_unroot_later(). */
#define GCROOTS_AUTO_ROOT(name)                                           \
  gcroots_manually_rooted_t name                                          \
      __attribute__((cleanup(gcroots_manually_rooted_unroot_later))) = {{0, 0, 0}}

/** Pointers, NULL at first. The block passes each to its `_free` function. */
#define GCROOTS_AUTO_STORE(name) \
  gcroots_store_t *name __attribute__((cleanup(gcroots_auto_store))) = NULL
#define GCROOTS_AUTO_ENGINE(name) \
  gcroots_engine_t *name __attribute__((cleanup(gcroots_auto_engine))) = NULL
#define GCROOTS_AUTO_CONFIG(name) \
  gcroots_config_t *name __attribute__((cleanup(gcroots_auto_config))) = NULL
#define GCROOTS_AUTO_TYPE(name) \
  gcroots_type_t *name __attribute__((cleanup(gcroots_auto_type))) = NULL
#define GCROOTS_AUTO_REC_GROUP(name) \
  gcroots_rec_group_t *name __attribute__((cleanup(gcroots_auto_rec_group))) = NULL

/** Ends the scope of a block early and keeps one object alive, as gcroots_scope_escape()
    does. After a failure the scope is still open. Never collects. */
GCROOTS_NEVER_COLLECTS GCROOTS_NO_THREAD_CHECK
static inline gcroots_status_t gcroots_auto_scope_escape(gcroots_auto_scope_t *scope,
                                                         gcroots_ref_t ref, gcroots_ref_t *out) {
  gcroots_status_t status = gcroots_scope_escape(scope->store, scope->scope, ref, out);
  if (status == GCROOTS_OK) scope->scope.store_id = scope->scope.serial = 0;
  return status;
}

/* The functions behind the macros. */

static inline gcroots_auto_scope_t gcroots_auto_scope_enter(gcroots_store_t *store)
    GCROOTS_NEVER_COLLECTS GCROOTS_REQUIRES_STORE(store);
static inline gcroots_auto_scope_t gcroots_auto_scope_enter(gcroots_store_t *store) {
  gcroots_auto_scope_t scope = {store, {0, 0}, GCROOTS_OK};
  scope.status = gcroots_scope_enter(store, &scope.scope);
  return scope;
}

GCROOTS_NEVER_COLLECTS GCROOTS_NO_THREAD_CHECK
static inline void gcroots_auto_end(gcroots_auto_scope_t *scope) {
  /* A store never issues 0. */
  if (scope->scope.serial != 0) gcroots_scope_unwind(scope->store, scope->scope);
}

GCROOTS_NEVER_COLLECTS GCROOTS_NO_THREAD_CHECK
static inline void gcroots_auto_store(gcroots_store_t **store) {
  gcroots_store_free(*store);
}

GCROOTS_NEVER_COLLECTS
static inline void gcroots_auto_engine(gcroots_engine_t **engine) {
  gcroots_engine_free(*engine);
}

GCROOTS_NEVER_COLLECTS
static inline void gcroots_auto_config(gcroots_config_t **config) {
  gcroots_config_free(*config);
}

GCROOTS_NEVER_COLLECTS
static inline void gcroots_auto_type(gcroots_type_t **type) {
  gcroots_type_free(*type);
}

GCROOTS_NEVER_COLLECTS
static inline void gcroots_auto_rec_group(gcroots_rec_group_t **group) {
  gcroots_rec_group_free(*group);
}

#endif /* C with the attribute */
