package dev.earshot.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SchemaTest {
  private static final String FIRST = "CREATE TABLE a (x); INSERT INTO a VALUES (1)";
  private static final Schema OLD = new Schema(List.of(FIRST));
  private static final Schema NEW =
      new Schema(List.of(FIRST, "ALTER TABLE a ADD COLUMN y; UPDATE a SET y = x + 1"));

  @TempDir Path root;

  private Connection open() throws SQLException, IOException {
    Path file = root.resolve("x.db");
    if (!Files.exists(file)) {
      Files.createFile(file);
    }
    return Sqlite.open(file, Sqlite.Mode.WRITE, 0);
  }

  @Test
  void anOlderFileIsReadAsItIsAndMigratedByAWriter() throws Exception {
    try (var file = open()) {
      OLD.migrate(file);
      assertEquals(1, NEW.check(file, "x"));
      assertEquals(1, OLD.check(file, "x"));
      NEW.migrate(file);
      assertEquals(2, NEW.check(file, "x"));
    }
    assertEquals("1|2", Sql.ask(root.resolve("x.db"), "SELECT x, y FROM a"));
  }

  @Test
  void aNewerFileIsRefusedWithBothVersions() throws Exception {
    try (var file = open()) {
      NEW.migrate(file);
      var refused = assertThrows(CaptureException.class, () -> OLD.check(file, "x.db"));
      assertEquals(
          "cannot read x.db: it has version 2 of the layout, and this Earshot knows up to 1; try a"
              + " newer Earshot",
          refused.getMessage());
    }
  }

  @Test
  void aStepThatFailsLeavesTheVersionBefore() throws Exception {
    var broken = new Schema(List.of(FIRST, "UPDATE a SET x = 7; nonsense"));
    try (var file = open()) {
      OLD.migrate(file);
      assertThrows(SQLException.class, () -> broken.migrate(file));
      assertEquals(1, broken.check(file, "x"));
    }
    assertEquals("1", Sql.ask(root.resolve("x.db"), "SELECT x FROM a"));
  }

  @Test
  void whatIsNoCaptureIsRefused() throws Exception {
    Path other = root.resolve("other.db");
    Files.createFile(other);
    assertRefused(other, "is not a capture");
    Files.writeString(other, "this is a text, and no database at all\n".repeat(100));
    assertRefused(other, "not a database");
    assertRefused(root, "is not a capture");
    assertRefused(root.resolve("none"), "no such file");
  }

  @Test
  void aDamagedCaptureIsAnErrorOfOneLine() throws Exception {
    Path file = root.resolve("c.db");
    try (var made = CaptureFile.create(file)) {
      made.seal();
    }
    byte[] bytes = Files.readAllBytes(file);
    Arrays.fill(bytes, 100, bytes.length, (byte) 0x55);
    Files.write(file, bytes);
    var problem =
        assertThrows(
            Exception.class,
            () -> {
              try (var reader = CaptureReader.open(file)) {
                reader.count();
              }
            });
    String message = String.valueOf(problem.getMessage());
    assertTrue(message.startsWith("cannot read " + file), message);
    assertEquals(1, message.lines().count());
  }

  private static void assertRefused(Path file, String why) {
    var refused = assertThrows(CaptureException.class, () -> CaptureReader.open(file).close());
    assertTrue(String.valueOf(refused.getMessage()).contains(why), refused.getMessage());
  }
}
