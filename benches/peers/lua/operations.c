/* Lua's C API, for the operations that it has a counterpart of. Its stack stands for scoped
 * roots, and its registry for manual roots. A full userdata of 8 bytes stands for an
 * externref, and a table with two elements for a struct. */
#include "../../measure.h"

#include <lauxlib.h>
#include <lua.h>

static lua_State *state;
/* A manual root of the userdata that lies at index 1 of the stack, under which index 2 is the
   table. */
static int manual;
enum { OBJECT = 1, TABLE = 2, CHURNED = 1 << 16 };

static void scope_enter_exit(uint64_t count) {
  while (count-- > 0) {
    int top = lua_gettop(state);
    KEEP(top);
    lua_settop(state, top);
  }
}

/* Runs BODY `count` times, 64 times in each scope. */
#define IN_SCOPES(BODY)                       \
  while (count > 0) {                         \
    uint64_t batch = count < 64 ? count : 64; \
    count -= batch;                           \
    while (batch-- > 0) {                     \
      BODY;                                   \
    }                                         \
    lua_settop(state, TABLE);                 \
  }

static void root_push(uint64_t count) {
  IN_SCOPES(lua_rawgeti(state, LUA_REGISTRYINDEX, manual))
}

static void local_new(uint64_t count) {
  IN_SCOPES(lua_pushvalue(state, OBJECT))
}

static void read_scoped(uint64_t count) {
  while (count-- > 0) {
    void *data = lua_touserdata(state, OBJECT);
    KEEP(data);
  }
}

static void manual_root_unroot(uint64_t count) {
  while (count-- > 0) {
    lua_pushvalue(state, OBJECT);
    luaL_unref(state, LUA_REGISTRYINDEX, luaL_ref(state, LUA_REGISTRYINDEX));
  }
}

static int new_manual(void) {
  lua_pushvalue(state, OBJECT);
  return luaL_ref(state, LUA_REGISTRYINDEX);
}

static void manual_churn(uint64_t count) {
  static int roots[CHURNED];
  static uint32_t random = 12345;
  if (roots[0] == 0)
    for (int i = 0; i < CHURNED; i++) roots[i] = new_manual();
  while (count-- > 0) {
    random = random * 1664525u + 1013904223u;
    luaL_unref(state, LUA_REGISTRYINDEX, roots[random >> 16]);
    roots[random >> 16] = new_manual();
  }
}

static void externref_new(uint64_t count) {
  IN_SCOPES(void *data = lua_newuserdatauv(state, 8, 0); KEEP(data))
}

static void struct_new(uint64_t count) {
  IN_SCOPES(lua_createtable(state, 2, 0); lua_pushvalue(state, OBJECT); lua_rawseti(state, -2, 1);
            lua_pushvalue(state, OBJECT); lua_rawseti(state, -2, 2))
}

static void struct_get(uint64_t count) {
  while (count-- > 0) {
    lua_Integer value;
    lua_rawgeti(state, TABLE, 1);
    value = lua_tointegerx(state, -1, NULL);
    KEEP(value);
    lua_settop(state, TABLE);
  }
}

static void struct_set(uint64_t count) {
  while (count-- > 0) {
    lua_pushinteger(state, 1);
    lua_rawseti(state, TABLE, 1);
  }
}

static void store_new_object_free(uint64_t count) {
  while (count-- > 0) {
    lua_State *made = luaL_newstate();
    if (made == NULL) abort();
    lua_newuserdatauv(made, 8, 0);
    lua_close(made);
  }
}

static const struct operation operations[] = {
    {"scope_enter_exit", scope_enter_exit},
    {"root_push", root_push},
    {"local_new", local_new},
    {"read_scoped", read_scoped},
    {"manual_root_unroot", manual_root_unroot},
    {"manual_churn", manual_churn},
    {"externref_new", externref_new},
    {"store_new_object_free", store_new_object_free},
    {"struct_new", struct_new},
    {"struct_get", struct_get},
    {"struct_set", struct_set},
};

int main(int argc, char **argv) {
  state = luaL_newstate();
  if (state == NULL || !lua_checkstack(state, 400)) return 1;
  lua_newuserdatauv(state, 8, 0);
  lua_createtable(state, 2, 0);
  lua_pushinteger(state, 7);
  lua_rawseti(state, TABLE, 1);
  manual = new_manual();
  return run_operations(argc, argv, operations, sizeof operations / sizeof *operations);
}
