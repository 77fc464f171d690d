package dev.earshot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * The lines of a whole event stream. Reading it checks what holds for every stream: each line fits
 * the schema, lines are numbered without gaps, all are of one session, every exchange and tunnel
 * has one end, and {@code session.stopped} is last and alone.
 */
public record Events(List<JsonNode> lines) {
  private static final Path SCHEMA = Path.of("..", "docs", "events.schema.json");

  /** Reads a stream's file. */
  public static Events read(Path file) throws IOException {
    return of(Files.readString(file));
  }

  /** Reads a stream. */
  public static Events of(String text) throws IOException {
    Schema schema =
        SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
            .getSchema(Files.readString(SCHEMA), InputFormat.JSON);
    var mapper = new ObjectMapper();
    List<JsonNode> lines = new ArrayList<>();
    for (String line : text.lines().toList()) {
      assertThat(schema.validate(line, InputFormat.JSON)).as(line).isEmpty();
      lines.add(mapper.readTree(line));
    }
    var events = new Events(List.copyOf(lines));
    events.check();
    return events;
  }

  /** The type of each line. */
  public List<String> types() {
    return lines.stream().map(line -> line.get("type").asString()).toList();
  }

  /** The types of the facts about session, proxy, process and capture. */
  public List<String> lifecycle() {
    return types().stream()
        .filter(type -> type.matches("(session|proxy|process|capture)\\..*"))
        .toList();
  }

  /** The lines of this type. */
  public List<JsonNode> all(String type) {
    return lines.stream().filter(line -> line.get("type").asString().equals(type)).toList();
  }

  /** The one line of this type. */
  public JsonNode one(String type) {
    List<JsonNode> found = all(type);
    assertThat(found).as(type + " in " + lines).hasSize(1);
    return found.getFirst();
  }

  private void check() {
    for (int i = 0; i < lines.size(); i++) {
      assertThat(lines.get(i).get("seq").asLong()).isEqualTo(i + 1L);
      assertThat(lines.get(i).get("session")).isEqualTo(lines.getFirst().get("session"));
    }
    assertThat(types()).last().isEqualTo("session.stopped");
    assertThat(all("session.stopped")).hasSize(1);
    oneEndForEach("exchange.started", "exchange.finished", "exchange.failed");
    oneEndForEach("tunnel.opened", "tunnel.closed", "tunnel.closed");
  }

  private void oneEndForEach(String begin, String end, String otherEnd) {
    Map<Long, Integer> open = new HashMap<>();
    for (JsonNode line : lines) {
      String type = line.get("type").asString();
      if (type.equals(begin)) {
        open.merge(line.get("id").asLong(), 1, Integer::sum);
      } else if (type.equals(end) || type.equals(otherEnd)) {
        open.merge(line.get("id").asLong(), -1, Integer::sum);
      }
    }
    assertThat(open.values()).as("ends of " + begin).allMatch(count -> count == 0);
  }
}
