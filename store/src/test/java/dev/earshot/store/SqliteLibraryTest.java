package dev.earshot.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SqliteLibraryTest {
  @Test
  void isLoadedOnce() {
    assertEquals(Optional.empty(), SqliteLibrary.problem());
    assertEquals(Optional.empty(), SqliteLibrary.problem());
  }

  @Test
  void saysWhyItCannotBeLoaded() {
    String why = SqliteLibrary.loadFrom(List.of(Path.of("/proc/none"))).orElse("");
    assertTrue(why.startsWith("cannot load the library of SQLite: /proc/none/"), why);
  }
}
