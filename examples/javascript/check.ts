// What a user of the generated types writes; `npm run types` checks it, and nothing runs it.
import { client, cookies, session, settings, types } from './xenon/xenon.js';

const tls = new settings.TlsConfig();
tls.addRoots(new Uint8Array());
const options = new settings.Options();
options.setDefaultFields([['Accept', new TextEncoder().encode('application/json')]]);
options.setConnectTimeout(5_000_000_000n);
options.setTls(tls);
const api = new session.Session('https', 'api.example', 443);
api.setOptions(options);
const response = api.get('/', []);
const type: string | undefined = types.field(response.fields, 'content-type');
const exchange = new session.Request(api, 'GET', '/').start();
const head: session.Response | undefined = exchange.tryResponse();
const words: session.Words | undefined = head?.readWords(65536);
const ready: Uint32Array = session.waitAny([exchange], [], [], 1_000_000_000n);
options.setCookieJar(new cookies.CookieJar());
const browser = new client.Client();
const policy: client.RedirectPolicy | undefined = browser.redirects();
browser.setRedirects(policy && { ...policy, limit: 5, along: 'most', keepPost: { found: true } });
const way: session.Redirect[] = browser.request('GET', 'https://api.example/').send().redirects();
console.log(way.length, type, words?.length, ready.length);
