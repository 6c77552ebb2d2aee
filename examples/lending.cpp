/* Runs a small script of a lending library. Its commands are C++ functions. Its readers are
 * C++ objects that the store owns: a collection destroys those that are no longer in use. A
 * command that fails throws a C++ exception, which arrives where the script called it.
 *
 *   lending COLLECTOR    COLLECTOR: copying, drc, generational or null
 */
#include <gcroots.hpp>
#include <cstdio>
#include <map>
#include <set>
#include <sstream>
#include <string>

using gcroots::ExternRef;
using gcroots::FuncRef;
using gcroots::Rooted;
using gcroots::StoreRef;

/* A reader, with the books that the reader has borrowed. */
struct Reader {
  static inline int alive = 0;
  std::set<std::string> books;
  Reader() {
    alive++;
  }
  Reader(const Reader &) = delete;
  ~Reader() {
    alive--;
  }
};

/* A command was used in a wrong way. */
struct Mistake : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/* The commands and the variables of a script. Both refer to objects of the store. A name that
   is not known gives a null reference, which the store refuses. */
struct Script {
  using Command = gcroots::TypedFunc<void(Rooted<ExternRef>, Rooted<ExternRef>)>;
  std::map<std::string, gcroots::ManuallyRooted<Command>> commands;
  std::map<std::string, gcroots::ManuallyRooted<ExternRef>> variables;

  /* Adds a command. Its parameters are references to a reader and to a string. */
  template <class Body>
  void add(StoreRef store, const std::string &name, Body body) {
    gcroots::Scope scope(store);
    commands[name] = gcroots::ManuallyRooted(store, FuncRef::make(store, body));
  }

  /* Runs a line such as "borrow ann Emma". */
  void run(StoreRef store, const std::string &line) {
    gcroots::Scope scope(store); /* ends the handles that the line makes */
    std::istringstream words(line);
    std::string command, reader, book;
    words >> command >> reader >> book;
    if (command == "join")
      variables[reader] = gcroots::ManuallyRooted(store, ExternRef::make<Reader>(store));
    else if (command == "leave")
      variables.erase(reader); /* the next collection destroys the reader */
    else
      commands[command](store, variables[reader], ExternRef::make<std::string>(store, book));
  }
};

static void add_commands(Script &script, StoreRef store) {
  script.add(store, "borrow", [](StoreRef of, Rooted<ExternRef> reader, Rooted<ExternRef> book) {
    const auto &title = book.get<std::string>(of);
    if (!reader.get<Reader>(of).books.insert(title).second)
      throw Mistake(title + " is borrowed already");
  });
  script.add(store, "return", [](StoreRef of, Rooted<ExternRef> reader, Rooted<ExternRef> book) {
    const auto &title = book.get<std::string>(of);
    if (reader.get<Reader>(of).books.erase(title) == 0) throw Mistake(title + " was not borrowed");
  });
}

static gcroots_collector_t collector_of(const std::string &name) {
  if (name == "null") return GCROOTS_COLLECTOR_NULL;
  if (name == "drc") return GCROOTS_COLLECTOR_DRC;
  if (name == "generational") return GCROOTS_COLLECTOR_GENERATIONAL;
  return GCROOTS_COLLECTOR_COPYING;
}

int main(int argc, char **argv) {
  gcroots::Config config;
  config.collector(collector_of(argc > 1 ? argv[1] : "copying"));
  {
    gcroots::Store store{gcroots::Engine(config)};
    Script script;
    add_commands(script, store);
    for (const char *line : {"join ann", "join bob", "borrow ann Emma", "borrow ann Emma",
                             "borrow bob Ulysses", "return bob Emma", "return ann Emma",
                             "borrow eve Emma", "leave bob", "write bob Ulysses"}) {
      try {
        script.run(store, line);
        std::printf("%s\n", line);
      } catch (const Mistake &mistake) {
        std::printf("%s: %s\n", line, mistake.what());
      } catch (const gcroots::Error &error) {
        std::printf("%s: %s\n", line, gcroots_status_name(error.status()));
      }
    }
    store.gc();
    store.verify();
  }
  std::printf("%d readers left\n", Reader::alive);
  return Reader::alive;
}
