package dev.earshot.store;

import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/** Lists in a column. */
final class Json {
  private static final JsonFactory FACTORY = new JsonFactory();

  private Json() {}

  static String strings(List<String> list) {
    var text = new StringWriter();
    try (JsonGenerator out = FACTORY.createGenerator(ObjectWriteContext.empty(), text)) {
      out.writeStartArray();
      list.forEach(out::writeString);
      out.writeEndArray();
    }
    return text.toString();
  }

  static String numbers(List<Long> list) {
    return list.toString();
  }

  /** What is no list of strings is taken for an empty one. */
  static List<String> strings(String json) {
    List<String> list = new ArrayList<>();
    try (JsonParser in = FACTORY.createParser(ObjectReadContext.empty(), json)) {
      for (JsonToken token = in.nextToken(); token != null; token = in.nextToken()) {
        if (token == JsonToken.VALUE_STRING) {
          list.add(in.getString());
        }
      }
    } catch (JacksonException damaged) {
      return List.of();
    }
    return list;
  }
}
