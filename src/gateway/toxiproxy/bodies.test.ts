// Bodies of the API: Toxiproxy's messages for what is wrong with them, and Go's for JSON.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  proxiesToPopulate,
  proxyToCreate,
  toxicToCreate,
  toxicToUpdate,
  toxicView,
} from "./bodies.ts";
import { writeGoJson } from "./go-json.ts";

const proxy = '"name":"a","upstream":"b:1"';

/** Source of the messages: encoding/json of Go (scanner.go, decode.go) and Toxiproxy's api.go. */
const faults: readonly (readonly [string, string])[] = [
  ["", "bad request body: EOF"],
  ["  \n", "bad request body: EOF"],
  ["{", "bad request body: unexpected EOF"],
  ['{"name":"a', "bad request body: unexpected EOF"],
  ["hello", "bad request body: invalid character 'h' looking for beginning of value"],
  ["{name}", "bad request body: invalid character 'n' looking for beginning of object key string"],
  ['{"a" 1}', "bad request body: invalid character '1' after object key"],
  ['{"a":1 "b"}', "bad request body: invalid character '\"' after object key:value pair"],
  [
    '{"a":1,}',
    "bad request body: invalid character '}' looking for beginning of object key string",
  ],
  ['{"a":[1 2]}', "bad request body: invalid character '2' after array element"],
  ['{"a":tru}', "bad request body: invalid character '}' in literal true (expecting 'e')"],
  ['{"a":-}', "bad request body: invalid character '}' in numeric literal"],
  ['{"a":1.}', "bad request body: invalid character '}' after decimal point in numeric literal"],
  ['{"a":1e}', "bad request body: invalid character '}' in exponent of numeric literal"],
  ['{"a":"\n"}', "bad request body: invalid character '\\n' in string literal"],
  ['{"a":"\\q"}', "bad request body: invalid character 'q' in string escape code"],
  ['{"a":"\\u12x"}', "bad request body: invalid character 'x' in \\u hexadecimal character escape"],
  ["[]", "bad request body: json: cannot unmarshal array into Go value of type toxiproxy.Proxy"],
  [
    '{"enabled":"yes"}',
    "bad request body: json: cannot unmarshal string into Go struct field Proxy.enabled of type bool",
  ],
  [
    '{"name":7}',
    "bad request body: json: cannot unmarshal number into Go struct field Proxy.name of type string",
  ],
  ["{}", "missing required field: name"],
  ['{"name":"a"}', "missing required field: upstream"],
  [`${"[".repeat(200)}`, "bad request body: exceeded max depth"],
];

test("a proxy that cannot be read is told in Toxiproxy's words", () => {
  for (const [body, message] of faults) {
    assert.throws(() => proxyToCreate(Buffer.from(body)), { message, status: 400 }, body);
  }
});

test("names of fields in any case, null and what follows the first value are no fault", () => {
  const body = `{${proxy},"Enabled":null,"LISTEN":"x:1","other":[1]} and more`;
  const expected = { name: "a", listen: "x:1", upstream: "b:1", enabled: true };
  assert.deepEqual(proxyToCreate(Buffer.from(body)), expected);
});

test("populate counts the proxy that lacks something", () => {
  const twice = (body: string) => () => proxiesToPopulate(Buffer.from(body));
  assert.throws(twice(`[{${proxy}},{"name":"b"}]`), {
    message: "missing required field: upstream at proxy 2",
  });
  assert.throws(twice(`[{"upstream":"b"}]`), {
    message: "missing required field: name at proxy 1",
  });
  const type = '[]struct { toxiproxy.Proxy; Enabled *bool "json:\\"enabled\\"" }';
  assert.throws(twice("{}"), {
    message: `bad request body: json: cannot unmarshal object into Go value of type ${type}`,
  });
});

test("toxics: defaults, messages, and a share that is a float32", () => {
  const make = (body: string, existing = []) => toxicToCreate(Buffer.from(body), existing);
  const latency = make('{"type":"latency","toxicity":0.2,"attributes":{"latency":5}}');
  const shown = `{"attributes":{"latency":5,"jitter":0},"name":"latency_downstream","type":"latency","stream":"downstream","toxicity":0.2}`;
  assert.equal(writeGoJson(toxicView(latency)), shown);
  assert.equal(make('{"type":"noop","stream":"Upstream"}').name, "noop_Upstream");
  const faulty: readonly (readonly [string, string])[] = [
    ["{}", "invalid toxic type"],
    ['{"type":"down"}', "invalid toxic type"],
    [
      '{"type":"latency","stream":"up"}',
      "stream was invalid, can be either upstream or downstream",
    ],
    [
      '{"type":"latency","attributes":{"latency":"1s"}}',
      "bad request body: json: cannot unmarshal string into Go struct field LatencyToxic.attributes.latency of type int64",
    ],
    [
      '{"type":"bandwidth","attributes":{"rate":1.5}}',
      "bad request body: json: cannot unmarshal number 1.5 into Go struct field BandwidthToxic.attributes.rate of type int64",
    ],
    [
      '{"type":"latency","toxicity":"all"}',
      "bad request body: json: cannot unmarshal string into Go struct field ToxicWrapper.toxicity of type float32",
    ],
  ];
  for (const [body, message] of faulty) {
    assert.throws(() => make(body), { message, status: 400 }, body);
  }
  assert.throws(() => toxicToCreate(Buffer.from('{"type":"latency"}'), [latency]), {
    message: "toxic already exists",
    status: 409,
  });
  const changed = toxicToUpdate(Buffer.from('{"attributes":{"jitter":3}}'), latency);
  assert.deepEqual(changed.attributes, { latency: 5, jitter: 3 });
  assert.equal(changed.toxicity, latency.toxicity);
});
