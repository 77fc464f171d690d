package dev.earshot.exchange.snippet;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShellQuoteTest {
  private static final String TELLING =
      "'\"\\`$(){}[]!*?~#;&|<>%= \t\n-@^,.:/+_aZ09\u0001\u001b\u007f\u00c3\u00a4\u00ff";

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"dash", "bash"})
  void wordsAreTheseBytes(String shell) throws Exception {
    var random = new Random(7);
    var words =
        new ArrayList<String>(
            List.of("", "-n", "'", "''", "\\", "%", "$(x)", "a'b", "!", "~", "=ls"));
    for (int i = 0; i < 3000; i++) {
      var word = new StringBuilder();
      for (int length = random.nextInt(12); length >= 0; length--) {
        word.append(TELLING.charAt(random.nextInt(TELLING.length())));
      }
      words.add(word.append('x').toString());
    }
    var script = new StringBuilder();
    for (String word : words) {
      script.append("printf '%s\\0' ").append(ShellQuote.word(word)).append('\n');
    }
    assertEquals(String.join("\0", words) + "\0", output(shell, script.toString()));
  }

  @Test
  void whatNeedsNoQuotesHasNone() {
    assertEquals("http://h/p", ShellQuote.word("http://h/p"));
    assertEquals("-x", ShellQuote.word("-x"));
    assertEquals("''", ShellQuote.word(""));
    assertEquals("'a=b'", ShellQuote.word("a=b"));
    assertEquals("'it'\\''s'", ShellQuote.word("it's"));
  }

  @Test
  void whatNoArgumentCanBeIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> ShellQuote.word("a\0b"));
    assertThrows(IllegalArgumentException.class, () -> ShellQuote.word("a\n"));
  }

  private String output(String shell, String script) throws Exception {
    Path file = Files.writeString(folder.resolve("script"), script);
    Path out = folder.resolve("out");
    Process process =
        new ProcessBuilder(shell, file.toString())
            .redirectOutput(out.toFile())
            .redirectErrorStream(true)
            .start();
    try {
      assertEquals(true, process.waitFor(30, TimeUnit.SECONDS));
    } finally {
      process.destroyForcibly().onExit().join();
    }
    return Files.readString(out, ISO_8859_1);
  }
}
