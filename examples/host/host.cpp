/* A host of plugins. Plugins are shared objects that are loaded at run time. Each has a filter for
 * texts, a store with limits of its own, and a thread. The texts are C++ objects of the host.
 *
 * Five plugins get three texts each. Two behave, one throws, one runs out of memory, and one
 * leaks texts and misuses handles. The host lives on, and prints what each plugin did. It
 * fails if that is not what it expects.
 *
 *   host COLLECTOR    COLLECTOR: copying, drc, generational or null
 *
 * plugin.h is the interface. guest.hpp is the host's side of a plugin. upper.c is the first plugin
 * to read, join.cpp the first one in C++.
 */
#include "guest.hpp"
#include <cstdio>
#include <thread>
#include <vector>

/* What the host gives to a plugin, and what it expects of the plugin. */
struct Task {
  const char *plugin;
  std::size_t limit;
  std::vector<std::string> texts;
  std::vector<std::string> expected;
};

static constexpr std::size_t MiB = 1 << 20;
static const Task tasks[] = {
    {"upper", MiB, {"a secret", "any value", "bye"}, {"A SECRET", "ANY VALUE", "BYE"}},
    {"join", MiB, {"one", "two", "three"}, {"one", "one, two", "two, three"}},
    {"sum",
     MiB,
     {"1 2 3", "4 five 6", "7 8 9"},
     {"6", "throws invalid_argument: five is not a number", "24"}},
    {"hoard",
     4 * MiB,
     {"mine", "more", "yet more"},
     {"fails: GCROOTS_ERROR_OUT_OF_MEMORY", "gets no more texts"}},
    {"misuse",
     MiB,
     {"a text", "another text", "a third text"},
     {
         "deletes its store: GCROOTS_ERROR_BUSY",
         "gives its store away: GCROOTS_ERROR_BUSY",
         "a text",
         "reads a text of an earlier call: GCROOTS_ERROR_UNROOTED",
         "reads a text of another plugin: GCROOTS_ERROR_WRONG_STORE",
         "uses the store of another plugin: GCROOTS_ERROR_WRONG_THREAD",
         "forges handles: GCROOTS_ERROR_UNROOTED",
         "unroots a handle twice: GCROOTS_ERROR_UNROOTED",
         "takes a number for a text: GCROOTS_ERROR_TYPE_MISMATCH",
         "takes an object of its own for a text: GCROOTS_ERROR_TYPE_MISMATCH",
         "takes null for a text: GCROOTS_ERROR_NULL_REFERENCE",
         "closes scopes of the host: GCROOTS_ERROR_SCOPE_ORDER",
         "another text",
         "fails: GCROOTS_ERROR_UNROOTED",
         "leaves 100 roots",
         "unroots 1 stale handle later",
     }},
};

/* What a plugin did. */
struct Record {
  std::vector<std::string> events;
  int texts = 0; /* those that exist */

  void add(const std::string &event) {
    events.push_back(event);
  }
};

/* What all plugins share. All get their n-th text at the same time, and wait for each other after
   it. So the output is always the same, and no store ends while another plugin knows its address.
 */
struct House {
  std::string folder;
  gcroots_collector_t collector;
  Board board;
  pthread_barrier_t round;
};

/* Runs a step. What goes wrong in it is an event of this plugin only. Returns whether the plugin
   may go on. */
template <class Step>
static bool attempt(Record &record, Step step) {
  try {
    step();
  } catch (const gcroots::Error &error) {
    record.add(std::string("fails: ") + gcroots_status_name(error.status()));
    if (error.status() == GCROOTS_ERROR_OUT_OF_MEMORY) {
      record.add("gets no more texts");
      return false;
    }
  } catch (const std::invalid_argument &error) {
    record.add(std::string("throws invalid_argument: ") + error.what());
  } catch (const std::exception &error) {
    record.add(std::string("throws ") + error.what());
  } catch (...) {
    record.add("throws something");
  }
  return true;
}

/* The thread of a plugin. */
static void run(House &house, const Task &task, Record &record) {
  std::unique_ptr<Guest> guest;
  bool goes_on = attempt(record, [&] {
    guest = std::make_unique<Guest>(house.folder + task.plugin + ".so", house.collector, task.limit,
                                    house.board, record.events, record.texts);
  });
  for (const std::string &text : task.texts) {
    if (guest && goes_on) goes_on = attempt(record, [&] { record.add(guest->filter(text)); });
    pthread_barrier_wait(&house.round);
  }
  if (!guest) return;
  attempt(record, [&] {
    Guest::Left left = guest->unload();
    if (left.roots != 0) record.add("leaves " + std::to_string(left.roots) + " roots");
    if (left.stale_unroots != 0)
      record.add("unroots " + std::to_string(left.stale_unroots) + " stale handle later");
    /* Each root that is left keeps a text. The others are destroyed by now. */
    if (house.collector != GCROOTS_COLLECTOR_NULL && record.texts != int(left.roots))
      record.add("leaves " + std::to_string(record.texts) + " texts");
  });
  guest.reset(); /* destroys all texts */
}

static gcroots_collector_t collector_of(const std::string &name) {
  if (name == "null") return GCROOTS_COLLECTOR_NULL;
  if (name == "drc") return GCROOTS_COLLECTOR_DRC;
  if (name == "generational") return GCROOTS_COLLECTOR_GENERATIONAL;
  if (name == "check") return GCROOTS_COLLECTOR_CHECK;
  return GCROOTS_COLLECTOR_COPYING;
}

int main(int argc, char **argv) {
  constexpr std::size_t count = sizeof tasks / sizeof *tasks;
  std::string self = argv[0];
  House house;
  Record records[count];
  std::thread threads[count];
  /* The plugins are in the folder of the program. */
  house.folder = self.substr(0, self.find_last_of('/') + 1);
  house.collector = collector_of(argc > 1 ? argv[1] : "copying");
  pthread_barrier_init(&house.round, nullptr, count);
  for (std::size_t i = 0; i < count; i++)
    threads[i] = std::thread(run, std::ref(house), std::cref(tasks[i]), std::ref(records[i]));
  for (std::thread &thread : threads) thread.join();
  pthread_barrier_destroy(&house.round);

  std::size_t as_expected = 0;
  int texts = 0;
  for (std::size_t i = 0; i < count; i++) {
    for (const std::string &event : records[i].events)
      std::printf("%-7s %s\n", tasks[i].plugin, event.c_str());
    as_expected += records[i].events == tasks[i].expected;
    texts += records[i].texts;
  }
  std::printf("%zu of %zu plugins did what the host expects, %d texts are left\n", as_expected,
              count, texts);
  return as_expected == count && texts == 0 ? 0 : 1;
}
