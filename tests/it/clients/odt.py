"""The least of a text document: odt.py make FILE TEXT, or odt.py read FILE, which prints the text of an .odt or .docx."""

import re
import sys
import zipfile

TYPE = "application/vnd.oasis.opendocument.text"
OASIS = "urn:oasis:names:tc:opendocument:xmlns"
CONTENT = (
    f'<office:document-content xmlns:office="{OASIS}:office:1.0" xmlns:text="{OASIS}:text:1.0" office:version="1.3">'
    "<office:body><office:text><text:p>{}</text:p></office:text></office:body></office:document-content>"
)
MANIFEST = (
    f'<manifest:manifest xmlns:manifest="{OASIS}:manifest:1.0" manifest:version="1.3">'
    f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{TYPE}"/>'
    '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
)


def make(file, text):
    with zipfile.ZipFile(file, "w") as document:
        document.writestr("mimetype", TYPE)
        document.writestr("content.xml", CONTENT.replace("{}", text))
        document.writestr("META-INF/manifest.xml", MANIFEST)


def read(file):
    with zipfile.ZipFile(file) as document:
        assert document.testzip() is None
        parts = {"content.xml", "word/document.xml"} & set(document.namelist())
        print(re.sub(r"<[^>]*>", "", re.sub(r"<\?.*?\?>", "", document.read(parts.pop()).decode())).strip())


{"make": make, "read": read}[sys.argv[1]](*sys.argv[2:])
