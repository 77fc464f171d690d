package dev.earshot.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.ObjectMapper;

/** Harmful characters are escapes in JSON, whichever way it is written, and mean the same. */
class TerminalEscapesTest {
  private static final String TEXT =
      "\u001b[2J\u007f\u009b31m\u202e\u2066\u200f\u2028 \u00e9\ud83d\ude00\"\\\n";
  private static final String WRITTEN =
      "\"\\u001b[2J\\u007f\\u009b31m\\u202e\\u2066\\u200f\\u2028 \u00e9\ud83d\ude00\\\"\\\\\\n\"";

  @Test
  void inBytes() {
    var bytes = new ByteArrayOutputStream();
    try (JsonGenerator out = HarJson.generator(bytes)) {
      out.writeString(TEXT);
    }
    check(bytes.toString(UTF_8));
  }

  @Test
  void inChars() {
    var text = new StringWriter();
    try (JsonGenerator out =
        JsonFactory.builder()
            .characterEscapes(TerminalEscapes.JSON)
            .build()
            .createGenerator(ObjectWriteContext.empty(), text)) {
      out.writeString(TEXT);
    }
    check(text.toString());
  }

  @Test
  void inTheTextOfABody() {
    var bytes = new ByteArrayOutputStream();
    try (JsonGenerator out = HarJson.generator(bytes)) {
      out.writeRaw('"');
      new HarEscapes(out).accept(TEXT.toCharArray(), TEXT.length());
      out.writeRaw('"');
    }
    check(bytes.toString(UTF_8));
  }

  private static void check(String json) {
    assertThat(json).isEqualToIgnoringCase(WRITTEN);
    assertThat(new ObjectMapper().readTree(json).asString()).isEqualTo(TEXT);
  }
}
