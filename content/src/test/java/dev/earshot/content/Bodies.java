package dev.earshot.content;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/** Bodies of all sorts, the same in every run. */
final class Bodies {
  private Bodies() {}

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static Map<String, byte[]> all() {
    Map<String, byte[]> bodies = new LinkedHashMap<>();
    bodies.put("empty", new byte[0]);
    bodies.put("one byte", bytes("x"));
    bodies.put("hello", bytes("Hello, hello, hello!"));
    bodies.put("page", page(200));
    bodies.put("large page", page(20_000));
    bodies.put("zeros", new byte[300_000]);
    bodies.put("random", random(100_000));
    bodies.put("sparse", sparse(2_500_000));
    return bodies;
  }

  static byte[] random(int size) {
    byte[] bytes = new byte[size];
    new Random(size).nextBytes(bytes);
    return bytes;
  }

  /** Words that are in brotli's dictionary, in upper and lower case, and numbers. */
  static byte[] page(int words) {
    String[] of = {
      "<div class=\"", "background", "international", "The ", "université", "Русский", "中国",
      " information", "description", "</a>", ".com/", "JavaScript", "Content-Type: ", "\n\t",
      "example", "WITHOUT", "Available ", ", which is ", "=\"", "time", "0x"
    };
    var random = new Random(words);
    var text = new StringBuilder();
    for (int i = 0; i < words; i++) {
      text.append(of[random.nextInt(of.length)]);
      if (random.nextInt(4) == 0) {
        text.append(random.nextInt(1_000));
      }
    }
    return bytes(text.toString());
  }

  /** Random pieces between long copies from far away. */
  private static byte[] sparse(int size) {
    var random = new Random(size);
    var all = new ByteArrayOutputStream();
    byte[] far = random(50_000);
    while (all.size() < size) {
      int from = random.nextInt(far.length - 100);
      all.write(far, from, random.nextInt(far.length - from));
      byte[] piece = new byte[random.nextInt(3_000)];
      Arrays.fill(piece, (byte) random.nextInt(256));
      all.writeBytes(piece);
      all.writeBytes(random(random.nextInt(200) + 1));
    }
    return all.toByteArray();
  }
}
