package dev.earshot.store;

import dev.earshot.exchange.Redaction;
import dev.earshot.process.Containment;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Adds entries as fast as it can until it is killed; its guardian knows of the file. */
final class KilledWriterMain {
  private static final int MOST = 20_000;

  private KilledWriterMain() {}

  public static void main(String[] args) throws IOException {
    Path file = Path.of(args[0]);
    var random = new Random(Long.parseLong(args[1]));
    var channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    String id = "killed-writer-" + ProcessHandle.current().pid();
    var plan = Containment.Plan.of(id).completing(List.of(file));
    try (var containment = Containment.open(plan);
        var har = HarFile.begin(channel, Redaction.NONE)) {
      System.out.println(containment.layers());
      long number = 0;
      while (true) {
        List<HarRecord> batch = new ArrayList<>();
        for (int count = random.nextInt(4); count >= 0; count--) {
          int size = random.nextInt(random.nextInt(20) == 0 ? 60 * MOST : MOST);
          batch.add(
              Exchange.get("https://h.example/")
                  .numbered(++number)
                  .body("text/plain", "x".repeat(size))
                  .record());
        }
        har.add(batch);
      }
    }
  }
}
