/* Pins. Where objects cannot be pinned, no row calls its function. */
#include "functions.h"

static void pin_unpin(uint64_t count) {
  if (!has_pins) return;
  REPEAT(gcroots_pin_t pin; MUST(gcroots_pin(store, object.host, &pin));
         MUST(gcroots_unpin(store, &pin)))
}

static void data(uint64_t count) {
  gcroots_pin_t pin;
  void *address;
  size_t bytes;
  if (!has_pins) return;
  MUST(gcroots_pin(store, object.array[GCROOTS_STORAGE_I8], &pin));
  REPEAT(MUST(gcroots_pin_data(store, pin, &address, &bytes)); KEEP(address))
  MUST(gcroots_unpin(store, &pin));
}

const struct row pins[] = {ROW(gcroots_pin, 2, pin_unpin), ROW(gcroots_unpin, 1, pin_unpin),
                           ROW(gcroots_pin_data, 1, data), END};
