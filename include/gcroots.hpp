/*
 * gcroots.hpp: gcroots.h for C++17 and later.
 *
 *   using namespace gcroots;
 *   struct Pair : struct_type<field<int32_t>, field<nullable<StructRef<Pair>>>> {
 *     enum : std::size_t { number, next };
 *   };
 *
 *   Store store{Engine()};
 *   Scope scope(store);
 *   auto pair = StructRef<Pair>::make(store, 7, nullptr);
 *   pair.set<Pair::next>(store, pair);
 *   auto text = ExternRef::make<std::string>(store, "any value");
 *   auto length = FuncRef::make(store, [](StoreRef of, Rooted<ExternRef> ref) {
 *     return int64_t(ref.get<std::string>(of).size());
 *   });
 *   length(store, text);                         // 9
 *   length(store, as<ExternRef>(pair.ref()));    // throws gcroots::Error: not a string
 *
 * The headers in the folder gcroots are the parts, in this order:
 *
 *   error.hpp         statuses as exceptions, std::error_code, or results
 *   engine.hpp        Config, Engine
 *   state.hpp         what the header keeps for a store
 *   store.hpp         StoreRef, Store
 *   kinds.hpp         what a reference may refer to
 *   roots.hpp         Rooted, Scope, NoGc, Local, ManuallyRooted
 *   owned.hpp         owners that may be destroyed at any time
 *   weak.hpp, pin.hpp Weak, WeakMap, Pin
 *   values.hpp        C++ types as fields, elements, parameters and results
 *   registration.hpp  descriptions of types, and how they are registered
 *   types.hpp         Type, types described in C++, casts
 *   structs.hpp       StructRef
 *   arrays.hpp        ArrayRef, Bytes, Span
 *   externrefs.hpp    ExternRef, I31
 *   signature.hpp     signatures of function objects
 *   exceptions.hpp    Tag, ExnRef, Thrown
 *   functions.hpp     FuncRef, TypedFunc
 *   tables.hpp, globals.hpp
 *   raw.hpp, raw_host.hpp     RawRef
 *   root_range.hpp            RootRange, RootVisitor
 *
 * Functions do what those of gcroots.h do, which says what collects and what each status means.
 * The hot ones are in line (gcroots_inline.h): define GCROOTS_NO_INLINE to have calls. Each handle
 * converts to gcroots_ref_t, and each class has raw(), so that the functions of gcroots.h can be
 * used beside the header.
 *
 * --- Errors and exceptions
 *
 * A call that the library refuses throws Error, a std::system_error. Without exceptions
 * (-fno-exceptions, or GCROOTS_NO_EXCEPTIONS), the function returns a Result, which is
 * std::expected where the language has it. A class with a constructor then has a function make()
 * in its place, and a Scope, NoGc or Local has a status().
 *
 * Destructors throw nothing. An exception that leaves the destructor of an object that the
 * store owns goes to the handler of StoreRef::on_finalizer_error(). Without a handler it is
 * dropped.
 *
 * The header catches exceptions only in functions that it makes itself. A function that is
 * passed to gcroots.h directly, such as a growth callback, must not throw. A thread must not
 * be cancelled, and longjmp() must not be called, so that either leaves a host function. A
 * longjmp() over a Scope, a NoGc or an owner is undefined in C++. A coroutine that suspends in a
 * Scope or a NoGc leaves it open for whatever runs next, and the scopes then end in another
 * order: keep a ManuallyRooted across suspensions, and enter a Scope after each.
 *
 * --- Lifetimes
 *
 * A StoreRef, a Scope, a NoGc or a Local may be used as long as its Store lives: using or
 * destroying one after the store has been deleted or closed is undefined, as calls on a deleted
 * store are in C. An enumeration that is a field has a fixed underlying type. The owners
 * (ManuallyRooted, Weak, WeakMap, Pin, Table, Global, RootRange, RootVisitor) may be destroyed
 * later, and on any thread. A Rooted may be kept for ever: it becomes stale.
 *
 * Bodies of host functions and objects in externrefs are destroyed by a collection, or
 * together with the store. While the store is destroyed, calls on it are refused with
 * GCROOTS_ERROR_BUSY.
 */
#ifndef GCROOTS_HPP
#define GCROOTS_HPP

// GCROOTS_CHECK_THREADS does not look into these files, whose classes do not say which thread calls
// them.
#if defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wthread-safety-analysis"
#endif

#include "gcroots/arrays.hpp"
#include "gcroots/exceptions.hpp"
#include "gcroots/externrefs.hpp"
#include "gcroots/functions.hpp"
#include "gcroots/globals.hpp"
#include "gcroots/pin.hpp"
#include "gcroots/raw.hpp"
#include "gcroots/raw_host.hpp"
#include "gcroots/root_range.hpp"
#include "gcroots/structs.hpp"
#include "gcroots/tables.hpp"
#include "gcroots/weak.hpp"

#if defined(__clang__)
#pragma GCC diagnostic pop
#endif

#endif  // GCROOTS_HPP
