package dev.earshot.content;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ZstdLibraryTest {

  @Test
  void itIsLoadedAndHasNoFile() throws Exception {
    ContentDecoder.warmUp();
    assertThat(ZstdLibrary.problem()).isEmpty();
    List<String> mapped;
    try (var maps = Files.lines(Path.of("/proc/self/maps"))) {
      mapped = maps.filter(line -> line.contains("zstd")).filter(ZstdLibraryTest::isCode).toList();
    }
    assertThat(mapped).singleElement().asString().contains("earshot-zstd-").endsWith(" (deleted)");
    try (var files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .noneMatch(name -> name.startsWith("earshot-zstd-"));
    }
  }

  private static boolean isCode(String mapping) {
    return mapping.contains(" r-xp ");
  }

  @Test
  void whereItCannotBeLoadedFromItSaysWhy(@TempDir Path folder) throws IOException {
    Path none = folder.resolve("none");
    assertThat(ZstdLibrary.loadFrom(List.of(none, none)))
        .hasValueSatisfying(why ->
            assertThat(why).startsWith("cannot load the library of zstd: ").contains("none"));
    try (var files = Files.list(folder)) {
      assertThat(files).isEmpty();
    }
  }
}
