package dev.earshot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.constantpool.MethodRefEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.constantpool.Utf8Entry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The arrows of ARCHITECTURE.md, checked in the class files of all modules. */
class ArchitectureTest {
  private static final Path ROOT = Path.of("..");

  private static final Map<String, Set<String>> MAY_USE =
      Map.of(
          "testkit", Set.of(),
          "process", Set.of(),
          "exchange", Set.of(),
          "content", Set.of("exchange"),
          "proxy", Set.of("content", "exchange"),
          "session", Set.of("process", "proxy", "exchange"),
          "store", Set.of("session", "process", "content", "exchange"),
          "cli", Set.of("store", "session", "process", "proxy", "content", "exchange"));

  /** The modules that may name what is behind each prefix: one, but for JSON. */
  private static final Map<String, Set<String>> PLACES =
      Map.of(
          "java/lang/foreign/", Set.of("process"),
          "io/netty/", Set.of("proxy"),
          "org/brotli/", Set.of("content"),
          "com/github/luben/", Set.of("content"),
          "picocli/", Set.of("cli"),
          "org/sqlite/", Set.of("store"),
          "java/sql/", Set.of("store"),
          "tools/jackson/", Set.of("cli", "store"),
          "sun/misc/", Set.of("cli"));

  private static final Pattern OUR_TYPE = Pattern.compile("dev/earshot/([a-z]+)/[A-Za-z]");

  @Test
  void everyImportFollowsAnArrow() throws IOException {
    List<String> wrong = new ArrayList<>();
    for (String module : MAY_USE.keySet()) {
      for (ClassModel type : classes(module, "classes")) {
        for (String text : texts(type)) {
          OUR_TYPE
              .matcher(text)
              .results()
              .map(match -> match.group(1))
              .filter(used -> !used.equals(module) && !MAY_USE.get(module).contains(used))
              .forEach(used -> wrong.add(name(type) + " uses " + used));
        }
      }
    }
    assertThat(wrong).isEmpty();
  }

  @Test
  void eachForeignApiHasOnePlace() throws IOException {
    List<String> wrong = new ArrayList<>();
    for (String module : MAY_USE.keySet()) {
      for (ClassModel type : classes(module, "classes")) {
        for (String text : texts(type)) {
          PLACES.forEach((prefix, places) -> {
            if (!places.contains(module) && text.matches("(?s)\\[*L?" + prefix + ".*")) {
              wrong.add(name(type) + " names " + text);
            }
          });
        }
      }
    }
    assertThat(wrong).isEmpty();
  }

  @Test
  void theLowerModulesDoNoMoreThanTheySay() throws IOException {
    List<String> wrong = new ArrayList<>();
    for (ClassModel type : classes("exchange", "classes")) {
      for (String text : texts(type)) {
        if (text.startsWith("java/nio/file/")
            || text.startsWith("java/io/File")
            || text.startsWith("java/net/Socket")) {
          wrong.add(name(type) + " names " + text);
        }
      }
    }
    assertThat(wrong).isEmpty();
  }

  @Test
  void nothingSleeps() throws IOException {
    List<String> wrong = new ArrayList<>();
    for (String module : MAY_USE.keySet()) {
      for (String folder : List.of("classes", "test-classes")) {
        for (ClassModel type : classes(module, folder)) {
          for (PoolEntry entry : type.constantPool()) {
            if (entry instanceof MethodRefEntry method
                && method.name().equalsString("sleep")
                && method.owner().asInternalName().startsWith("java/")) {
              wrong.add(name(type));
            }
          }
        }
      }
    }
    assertThat(wrong).isEmpty();
  }

  private static List<ClassModel> classes(String module, String folder) throws IOException {
    Path classes = ROOT.resolve(module).resolve("target").resolve(folder);
    if (!Files.isDirectory(classes)) {
      assertThat(folder).as("%s has no %s", module, folder).isEqualTo("test-classes");
      return List.of();
    }
    List<ClassModel> models = new ArrayList<>();
    try (var files = Files.walk(classes)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".class")).toList()) {
        models.add(ClassFile.of().parse(file));
      }
    }
    return models;
  }

  private static List<String> texts(ClassModel type) {
    List<String> texts = new ArrayList<>();
    for (PoolEntry entry : type.constantPool()) {
      if (entry instanceof Utf8Entry text) {
        texts.add(text.stringValue());
      }
    }
    return texts;
  }

  private static String name(ClassModel type) {
    return type.thisClass().asInternalName();
  }
}
