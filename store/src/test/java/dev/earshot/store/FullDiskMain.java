package dev.earshot.store;

import dev.earshot.exchange.Redaction;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/** Adds entries until it cannot, and tells how many there are, and why it could not. */
final class FullDiskMain {
  private FullDiskMain() {}

  public static void main(String[] args) throws IOException {
    var channel =
        FileChannel.open(Path.of(args[0]), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    var record =
        Exchange.get("https://h.example/")
            .body("text/plain", "x".repeat(Integer.parseInt(args[1])))
            .record();
    try (var har = HarFile.begin(channel, Redaction.NONE)) {
      try {
        while (true) {
          har.add(List.of(record, record, record));
        }
      } catch (IOException e) {
        System.out.println(har.entries() + " " + e.getMessage());
      }
    }
  }
}
