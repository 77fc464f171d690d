package dev.earshot.store;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import de.sstoehr.harreader.HarReader;
import dev.earshot.exchange.Redaction;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.assertj.core.data.Offset;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** Archives as others read them. */
final class Hars {
  static final ObjectMapper JSON = new ObjectMapper();
  private static final Schema SCHEMA = schema();

  private Hars() {}

  private static Schema schema() {
    try (InputStream in = Hars.class.getResourceAsStream("har-1.2.schema.json")) {
      String text = new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
      return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
          .getSchema(text, InputFormat.JSON);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The archive, after every reader there is has accepted it. */
  static JsonNode read(String text) throws Exception {
    assertThat(SCHEMA.validate(text, InputFormat.JSON)).as("by the schema: %s", text).isEmpty();
    JsonNode har = JSON.readTree(text);
    int entries = har.at("/log/entries").size();
    assertThat(text.lines().count()).as("one line for each entry").isEqualTo(entries + 2);
    assertThat(new HarReader().readFromString(text).log().entries()).hasSize(entries);
    for (JsonNode entry : har.at("/log/entries")) {
      timesAddUp(entry);
    }
    return har;
  }

  private static void timesAddUp(JsonNode entry) {
    double sum = 0;
    for (String phase : List.of("blocked", "dns", "connect", "send", "wait", "receive")) {
      sum += Math.max(entry.at("/timings/" + phase).doubleValue(), 0);
    }
    assertThat(entry.get("time").doubleValue()).isCloseTo(sum, Offset.offset(1e-6));
    assertThat(entry.at("/timings/ssl").doubleValue())
        .isLessThanOrEqualTo(entry.at("/timings/connect").doubleValue());
  }

  static String export(Redaction redaction, HarRecord... records) throws IOException {
    var out = new ByteArrayOutputStream();
    assertThat(HarExport.write(out, List.of(records).iterator(), redaction))
        .isEqualTo(records.length);
    return out.toString(StandardCharsets.UTF_8);
  }

  /** The one entry of an archive of one record. */
  static JsonNode entry(Redaction redaction, HarRecord record) throws Exception {
    return read(export(redaction, record)).at("/log/entries/0");
  }
}
