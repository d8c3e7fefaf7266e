// What makes Latchkey's pages nicer. Each of them works without this script.
'use strict';
(() => {
	document.documentElement.classList.add('js');

	const one = (selector) => (selector ? document.querySelector(selector) : null);
	const make = (tag, properties = {}, ...children) => {
		const element = Object.assign(document.createElement(tag), properties);
		element.append(...children);
		return element;
	};
	const button = (textContent, kind) => make('button', { type: 'button', className: `button ${kind}`, textContent });

	const post = (address, headers, body) => fetch(address, {
		method: 'POST', headers: { ...headers, 'X-Requested-With': 'fetch' }, body, redirect: 'manual', cache: 'no-store',
	});

	// Tells a screen reader a sentence. A modal dialog hides all else from it, so there it is told within.
	function announce(text) {
		const host = one('dialog[open]') ?? document.body;
		let place = host.querySelector(':scope > .announcer');
		if (!place) {
			place = make('div', { className: 'announcer sr-only', role: 'status' });
			host.append(place);
		}
		place.textContent = '';
		setTimeout(() => { place.textContent = text; }, 60);
	}

	// What is done to the page, and to what comes into it later.
	function enhance(within) {
		const all = (selector) => within.querySelectorAll(selector);
		const local = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
		for (const time of all('time[datetime*="T"]')) {
			const instant = Date.parse(time.dateTime);
			time.title ||= time.dateTime;
			if (instant) time.textContent = local.format(instant);
		}
		for (const input of all('[data-count]')) count(input);
		for (const form of all('form[data-upload]')) uploads(form);
		scrollable(within);
		if (!window.PublicKeyCredential) return;
		for (const key of all('[data-passkey-register], [data-passkey-sign-in]')) key.hidden = false;
	}

	// What is cut off can be scrolled with the keyboard, too.
	function scrollable(within) {
		for (const box of within.querySelectorAll('.table-scroll')) {
			if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
		}
	}
	document.addEventListener('toggle', ({ target }) => scrollable(target), true);

	function count(input) {
		const place = one(`[data-count-for="${CSS.escape(input.id)}"]`);
		if (place) place.textContent = `${[...input.value].length} of ${input.dataset.count}`;
	}

	// Copying and saving

	async function copy(presser) {
		const source = one(presser.dataset.copy);
		try {
			await navigator.clipboard.writeText((source.value ?? source.textContent).trim());
		} catch {
			// There is no clipboard without TLS; the older way copies what is selected.
			if (source.select) source.select();
			else getSelection().selectAllChildren(source);
			if (!document.execCommand('copy')) return announce('Not copied. It is selected: use the keyboard.');
		}
		announce('Copied');
		presser.classList.add('done');
		setTimeout(() => presser.classList.remove('done'), 2000);
	}

	function save({ dataset }) {
		const source = one(dataset.download);
		const items = [...source.querySelectorAll('li')];
		const lines = (items.length ? items : [source]).map((item) => `${item.textContent.trim()}\n`);
		const href = URL.createObjectURL(new Blob(lines, { type: 'text/plain' }));
		make('a', { href, download: dataset.name ?? 'latchkey.txt' }).click();
		setTimeout(() => URL.revokeObjectURL(href), 10000);
	}

	// Dialogs

	const FINISH = '[data-finish]:not([data-passkey-register], [data-passkey-sign-in])';
	const confirmed = new WeakSet();

	function open(dialog, opener) {
		opener?.focus(); // The browser returns to it; Safari focuses no button by itself.
		dialog.showModal();
	}

	// These two do not bubble, but they can be captured.
	document.addEventListener('close', ({ target: dialog }) => {
		const content = dialog.querySelector?.('[data-dialog-content]');
		if (content?.querySelector(FINISH)) {
			content.replaceChildren();
			location.reload();
		}
	}, true);
	document.addEventListener('cancel', (event) => {
		// Escape does not lose a secret that is shown once. It leads to the button that ends its showing.
		const finish = event.target.querySelector?.(FINISH);
		if (!finish) return;
		event.preventDefault();
		finish.focus();
	}, true);

	// The question stands at the form, or at one of its buttons.
	const asked = (form, submitter) => submitter?.dataset.confirm ?? form.dataset.confirm;

	function confirmThen(form, submitter) {
		const title = 'Are you sure?';
		const kind = submitter?.classList.contains('danger') ? 'danger' : 'primary';
		const cancel = button('Cancel', '');
		const go = button(submitter?.textContent.trim() ?? 'Continue', kind);
		const dialog = make('dialog', { className: 'dialog', ariaLabel: title },
			make('div', { className: 'dialog-head' }, make('h2', { textContent: title })),
			make('div', { className: 'dialog-body' }, make('p', { id: 'confirm-text', textContent: asked(form, submitter) })),
			make('div', { className: 'actions' }, cancel, go));
		dialog.setAttribute('aria-describedby', 'confirm-text');
		cancel.onclick = () => dialog.close();
		go.onclick = () => {
			dialog.close();
			confirmed.add(form);
			form.requestSubmit(submitter);
		};
		dialog.onclose = () => dialog.remove();
		document.body.append(dialog);
		open(dialog, submitter);
		cancel.focus();
	}

	// Sends a dialog's form and shows the answer in its place.
	async function sendLive(form, submitter) {
		const address = new URL(form.getAttribute('action') ?? '', location.href);
		const body = new URLSearchParams(new FormData(form, submitter));
		const old = form.closest('[data-dialog-content]');
		const dialog = form.closest('dialog');
		submitter?.toggleAttribute('disabled', true);
		form.querySelector('.live-error')?.remove();
		let text;
		try {
			text = await (await post(address, {}, body)).text();
		} catch {
			submitter?.toggleAttribute('disabled', false);
			const textContent = 'The server could not be reached. Try again in a moment.';
			form.prepend(make('p', { className: 'notice bad live-error', role: 'alert', textContent }));
			return;
		}
		const fresh = new DOMParser().parseFromString(text, 'text/html').querySelector('[data-dialog-content]');
		if (!fresh || !old) return location.assign(address);
		// Closed in the meantime: no secret is put where nobody looks.
		if (!dialog.open) return location.reload();
		const content = document.importNode(fresh, true);
		old.replaceWith(content);
		enhance(content);
		dialog.scrollTop = 0;
		const first = content.querySelector('[aria-invalid="true"]') ?? content.querySelector('h2');
		if (first?.tagName === 'H2') first.tabIndex = -1;
		first?.focus();
	}

	// Passkeys

	const unpack = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
	const pack = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
		.replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');

	// The server's options with bytes where it can only write text.
	function options({ publicKey }) {
		const keys = { ...publicKey, challenge: unpack(publicKey.challenge) };
		if (keys.user) keys.user = { ...keys.user, id: unpack(keys.user.id) };
		for (const list of ['excludeCredentials', 'allowCredentials']) {
			keys[list] = keys[list]?.map((entry) => ({ ...entry, id: unpack(entry.id) }));
		}
		return { publicKey: keys };
	}

	function written(credential) {
		const response = {};
		for (const part of ['attestationObject', 'authenticatorData', 'clientDataJSON', 'signature', 'userHandle']) {
			const buffer = credential.response[part];
			if (buffer !== undefined) response[part] = buffer && pack(buffer);
		}
		response.transports = credential.response.getTransports?.();
		const { id, type } = credential;
		return { id, type, rawId: pack(credential.rawId), response, extensions: credential.getClientExtensionResults() };
	}

	async function ask(address, value) {
		const headers = { 'Content-Type': 'application/json', 'X-CSRF-Token': one('meta[name="csrf"]').content };
		const response = await post(address, headers, JSON.stringify(value));
		const answer = await response.json().catch(() => ({}));
		if (answer.location || response.type === 'opaqueredirect') {
			location.assign(answer.location ?? location.href);
			return new Promise(() => {}); // The page is on its way out.
		}
		if (!response.ok) throw Object.assign(new Error(answer.error ?? 'The server refused the passkey.'), { name: 'Told' });
		return answer;
	}

	async function passkey(presser) {
		const { start, finish, error: place, name, next = '' } = presser.dataset;
		const tell = (text) => one(place)?.replaceChildren(text);
		tell('');
		presser.disabled = true;
		try {
			const asked = options(await ask(start, {}));
			if ('passkeyRegister' in presser.dataset) {
				const credential = written(await navigator.credentials.create(asked));
				const field = one(name) ?? presser.form?.elements.namedItem('name');
				await ask(finish, { name: field?.value ?? '', credential });
			} else {
				await ask(finish, { credential: written(await navigator.credentials.get(asked)), next });
			}
		} catch (error) {
			const text = {
				Told: error.message,
				NotAllowedError: 'No passkey was used: the question was cancelled, or took too long.',
				InvalidStateError: 'This device already has a passkey here.',
				SecurityError: 'Passkeys do not work at this address: it needs a name, and HTTPS.',
			}[error.name] ?? 'The passkey could not be used. Try again in a moment.';
			presser.disabled = false;
			tell(text);
			announce(text);
		}
	}

	// Uploading: several files, one after the other

	const refusal = (status) => ({ 413: 'The file is too large.', 507: 'There is not enough room left.' }[status]
		?? (status < 500 ? 'You are no longer signed in. Reload the page.' : 'The server could not store the file.'));

	function uploads(form) {
		const field = (name) => form.elements.namedItem(name);
		const input = form.querySelector('input[type="file"]');
		const zone = form.querySelector('.drop') ?? form;
		const hold = (event) => event.preventDefault();
		let list = one('[data-upload-list]');
		if (!list) form.append(list = make('ul'));
		list.classList.add('uploads');
		for (const each of form.querySelectorAll('[type="submit"]')) each.hidden = true;

		let before = Promise.resolve();
		let waiting = 0;
		let failed = false;

		function add(file) {
			const request = new XMLHttpRequest();
			const state = make('span', { className: 'upload-state', textContent: 'Waiting' });
			const bar = make('progress', { value: 0, ariaLabel: `Progress of ${file.name}` });
			const cancel = Object.assign(button('Cancel', 'quiet'), { ariaLabel: `Cancel ${file.name}` });
			const row = make('li', {}, make('span', { className: 'upload-name', textContent: file.name }), cancel, bar, state);
			list.append(row);

			const settle = (text, good = false) => {
				row.className = good ? 'done' : 'failed';
				state.textContent = text;
				cancel.remove();
				bar.remove();
				announce(`${file.name}: ${text}`);
				failed ||= !good;
			};
			const send = () => new Promise((resolve) => {
				if (row.className) return resolve();
				const data = new FormData();
				data.append('csrf', field('csrf').value);
				if (field('replace')?.checked) data.append('replace', field('replace').value);
				data.append('file', file);
				request.upload.onprogress = ({ loaded, total }) => {
					bar.value = total ? loaded / total : 1;
					state.textContent = loaded < total ? 'Uploading…' : 'Storing…';
				};
				request.onload = () => {
					const { ok, error } = request.response ?? {};
					settle(ok ? 'Uploaded' : error ?? refusal(request.status), ok);
				};
				request.onerror = () => settle('The connection was lost. The file was not stored.');
				request.onloadend = resolve;
				request.responseType = 'json';
				request.open('POST', form.action);
				request.setRequestHeader('X-Requested-With', 'fetch');
				request.send(data);
			});
			cancel.onclick = () => {
				request.abort();
				settle('Cancelled');
			};

			waiting += 1;
			onbeforeunload = hold;
			before = before.then(send).then(() => {
				waiting -= 1;
				if (waiting) return;
				onbeforeunload = null;
				if (!failed) location.reload();
				else if (list.querySelector('.done') && !list.nextElementSibling) {
					const show = button('Show what was uploaded', '');
					show.onclick = () => location.reload();
					list.after(make('p', { className: 'actions start' }, show));
				}
			});
		}

		form.onsubmit = hold;
		input.onchange = () => {
			for (const file of input.files) add(file);
			input.value = '';
		};
		zone.ondragover = (event) => {
			hold(event);
			zone.classList.add('over');
		};
		zone.ondragleave = ({ relatedTarget }) => zone.classList.toggle('over', zone.contains(relatedTarget));
		zone.ondrop = (event) => {
			hold(event);
			zone.classList.remove('over');
			// A folder comes as a file that cannot be read.
			for (const item of event.dataTransfer.items) {
				const file = !item.webkitGetAsEntry()?.isDirectory && item.getAsFile();
				if (file) add(file);
			}
		};
	}

	// Heard at the document: what comes later counts, too.

	const closeDialog = (presser, event) => {
		const dialog = presser.closest('dialog[open]');
		if (!dialog) return;
		event.preventDefault();
		dialog.close();
	};
	const onClick = {
		'[data-dialog]': (presser, event) => {
			const dialog = one(presser.dataset.dialog);
			if (!dialog || event.ctrlKey || event.metaKey) return;
			event.preventDefault();
			open(dialog, presser);
		},
		'[data-close]': closeDialog,
		[FINISH]: closeDialog,
		'[data-copy]': copy,
		'[data-download]': save,
		'[data-print]': () => print(),
		'[data-passkey-register], [data-passkey-sign-in]': (presser, event) => {
			event.preventDefault();
			passkey(presser);
		},
	};
	const menus = () => document.querySelectorAll('details.menu[open]');

	for (const kind of ['click', 'focusin']) {
		document.addEventListener(kind, ({ target }) => {
			for (const menu of menus()) if (!menu.contains(target)) menu.open = false;
		});
	}
	document.addEventListener('click', (event) => {
		for (const [selector, deed] of Object.entries(onClick)) {
			const presser = event.target.closest(selector);
			if (presser) deed(presser, event);
		}
	});

	document.addEventListener('keydown', ({ key }) => {
		if (key !== 'Escape') return;
		for (const menu of menus()) {
			if (menu.contains(document.activeElement)) menu.querySelector('summary').focus();
			menu.open = false;
		}
	});

	document.addEventListener('submit', (event) => {
		const { target: form, submitter } = event;
		if (event.defaultPrevented) return;
		if (asked(form, submitter) && !confirmed.delete(form)) {
			event.preventDefault();
			confirmThen(form, submitter);
		} else if ('live' in form.dataset && form.closest('dialog[open]')) {
			event.preventDefault();
			sendLive(form, submitter);
		} else if ('once' in form.dataset && submitter) {
			// A moment later, for a disabled button's value is not sent.
			setTimeout(() => { submitter.disabled = true; });
		}
	});

	document.addEventListener('input', ({ target }) => {
		if (target.dataset?.count) count(target);
	});

	// A page that the browser brings back holds no secret, and no dead button.
	addEventListener('pagehide', () => {
		for (const element of document.querySelectorAll('[data-wipe]')) {
			if ('value' in element) element.value = '';
			element.replaceChildren();
		}
	});
	addEventListener('pageshow', ({ persisted }) => {
		if (!persisted) return;
		for (const each of document.querySelectorAll('form[data-once] :disabled')) each.disabled = false;
	});

	// The part that the address points to is opened.
	function unfold() {
		const part = document.getElementById(location.hash.slice(1));
		if (part instanceof HTMLDetailsElement) part.open = true;
	}
	addEventListener('hashchange', unfold);

	enhance(document);
	unfold();
})();
