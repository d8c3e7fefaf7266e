"""Opens a text by LibreOffice's own WebDAV and does something with it, without a display.

by_libreoffice.py TASK PROFILE URL USER PASSWORD, TASK being one of:
edit   open, say "open", wait for a line on stdin, change the text, save it where it was, and as a copy beside it
look   open, say whether it may be written, and its text
"""

import os
import signal
import subprocess
import sys
import time

import uno
import unohelper
from com.sun.star.beans import PropertyValue
from com.sun.star.task import XInteractionHandler2

task, profile, url, user, password = sys.argv[1:6]
APPROVE = uno.getTypeByName("com.sun.star.task.XInteractionApprove")


class Person(unohelper.Base, XInteractionHandler2):
    """Answers what LibreOffice would ask in a window: who is there, and whether a locked text is opened to be read."""

    def handle(self, request):
        self.handleInteractionRequest(request)

    def handleInteractionRequest(self, request):
        answers = request.getContinuations()
        for answer in answers:
            if hasattr(answer, "setUserName"):
                answer.setUserName(user)
                answer.setPassword(password)
                answer.select()
                return True
        for answer in answers:
            if answer.queryInterface(APPROVE):
                answer.select()
                return True
        return False


def start():
    pipe = f"latchkey{os.getpid()}"
    office = subprocess.Popen(
        ["soffice", "--headless", "--norestore", "--nologo", f"-env:UserInstallation=file://{profile}"]
        + [f"--accept=pipe,name={pipe};urp;"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    here = uno.getComponentContext()
    resolver = here.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", here)
    while office.poll() is None:
        try:
            return office, resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
        except Exception:  # it does not listen yet
            time.sleep(0.05)
    sys.exit("LibreOffice has ended")


def settings(**values):
    return tuple(PropertyValue(name, 0, value, 0) for name, value in values.items())


def work(desktop):
    person = Person()
    # Who is there is asked by the second one where the file's type is found out, by the first one later.
    asked = settings(InteractionHandler=person, AuthenticationHandler=person)
    document = desktop.loadComponentFromURL(url, "_blank", 0, asked + settings(Hidden=True))
    if task == "look":
        print("read-only" if document.isReadonly() else "writable", document.Text.getString(), flush=True)
    else:
        assert not document.isReadonly()
        print("open", flush=True)
        sys.stdin.readline()
        document.Text.setString("Changed by LibreOffice. " + document.Text.getString())
        document.store()
        document.storeToURL(url.replace(".odt", "%20copy.odt"), asked)
    document.close(True)


office, there = start()
try:
    desktop = there.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", there)
    work(desktop)
    desktop.terminate()
    office.wait(30)
finally:
    if office.poll() is None:
        # What it has started, too: `soffice` is a script.
        os.killpg(office.pid, signal.SIGKILL)
